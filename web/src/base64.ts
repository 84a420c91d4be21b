/** Bytes as the socket carries them. */

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function pcmOf(base64: string): Int16Array {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}
