import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const ROOT = import.meta.dirname;
const OUT = join(ROOT, "../src/likelihand/apps/web/page");

/** What the built page depends on; tests/apps/web/test_files.py computes the same hash without node. */
const SOURCES = ["index.html", "package-lock.json", "public", "src", "vite.config.ts"];

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

function sourceHash(): string {
  const hash = createHash("sha256");
  const name = (file: string): string => relative(ROOT, file).replaceAll("\\", "/");
  const files = SOURCES.flatMap((source) => filesBelow(join(ROOT, source)));
  for (const file of files.sort((a, b) => (name(a) < name(b) ? -1 : 1))) {
    hash.update(name(file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

/** List the page's files for the service worker, and pack the WebAssembly: the server unpacks or sends it as it is. */
function finish(): Plugin {
  let out = OUT;
  return {
    name: "finish",
    configResolved({ root, build }) {
      out = resolve(root, build.outDir); // `--outDir` may say otherwise
    },
    closeBundle() {
      const files = filesBelow(out).map((file) => relative(out, file).replaceAll("\\", "/"));
      const listed = files.filter((file) => !["index.html", "sw.js", "build.json"].includes(file)).sort();
      for (const file of files.filter((f) => f.endsWith(".wasm"))) {
        const packed = gzipSync(readFileSync(join(out, file)), { level: 9 });
        packed[9] = 255; // the operating system that packed it is of no account
        writeFileSync(join(out, `${file}.gz`), packed);
        rmSync(join(out, file));
      }
      writeFileSync(join(out, "build.json"), `${JSON.stringify({ sources: sourceHash(), files: listed })}\n`);
    },
  };
}

export default defineConfig({
  base: "./",
  // ONNX Runtime's module and its WebAssembly stay files of their own: its threads start from them.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "production"] },
  worker: { format: "es" },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: { index: join(ROOT, "index.html"), sw: join(ROOT, "src/sw.ts") },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  plugins: [finish()],
});
