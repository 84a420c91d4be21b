import { defineConfig } from "vite";

const server = "http://127.0.0.1:8000"; // of `npm run dev`

export default defineConfig({
  base: "./", // so that a proxy may serve it under a path of its own
  build: {
    outDir: "../src/thinktalk/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page may load from its own server only, not from data: addresses
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: {
    proxy: { "/v1": server, "/api-ws": { target: server, ws: true } },
  },
});
