// The service worker: the page works offline once loaded, and is isolated, so that it may use threads, on any host.

/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope;

export {};

const CACHE = "likelihand";
const LIST = "build.json";

self.addEventListener("install", (event) => event.waitUntil(precache()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === self.location.origin) {
    event.respondWith(answer(request));
  }
});

async function precache(): Promise<void> {
  const cache = await caches.open(CACHE);
  const { files } = (await (await fetch(LIST, { cache: "no-cache" })).json()) as { files: string[] };
  await cache.addAll(["./", LIST, "constants.json", "models/hand.onnx", "models/detect.onnx", ...files]);
  await self.skipWaiting();
}

/** Answer from the network where there is one, so that the page is never stale; else from the cache. */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok && response.status === 200) await cache.put(request, response.clone());
    return isolated(response);
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return isolated(kept);
    if (request.mode === "navigate") {
      const page = await cache.match("./");
      if (page) return isolated(page);
    }
    throw error;
  }
}

/** Add the headers that allow shared memory, and so threads. */
function isolated(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
