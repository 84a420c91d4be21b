"""pocket-tts (Kyutai) as a speaker that clones natively. Imports the library when it is started."""
