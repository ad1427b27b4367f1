// The worker that runs both models, so that the page stays responsive.

import moduleUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import type { Constants } from "../core/constants";
import { Detector, type Outputs, type RunCrops, type Tiles } from "../core/detection";
import type { Hand } from "../core/hand";
import { type Metadata, readMetadata } from "../core/metadata";
import { Predictor } from "../core/predictor";
import { Tracker } from "../core/tracker";
import type { Picture } from "../core/warp";
import type { PlainHand, Reply, Request } from "./messages";

interface Model {
  readonly session: ort.InferenceSession;
  readonly metadata: Metadata;
  /** Milliseconds that its calls have taken since last asked. */
  spent: number;
}

interface Loaded {
  readonly constants: Constants;
  readonly hand: Model;
  readonly detector: Model;
}

let loaded: Loaded | null = null;
let tracker: Tracker<Picture> | null = null;
let canvas: OffscreenCanvas | null = null;

const tell = (reply: Reply): void => self.postMessage(reply);

self.onmessage = async ({ data }: MessageEvent<Request>): Promise<void> => {
  try {
    if (data.kind === "load") await load(data.base, data.threads);
    else await predict(data);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell({ kind: "failed", id: data.kind === "load" ? null : data.id, reason });
  }
};

async function load(base: string, threads: number): Promise<void> {
  ort.env.wasm.wasmPaths = { mjs: new URL(moduleUrl, base).href, wasm: new URL(wasmUrl, base).href };
  ort.env.wasm.numThreads = threads;
  const shares = [0, 0];
  const progress = (i: number) => (share: number) => {
    shares[i] = share;
    // The hand model is by far the larger file.
    tell({ kind: "loading", share: 0.8 * shares[0]! + 0.2 * shares[1]! });
  };
  const [constants, hand, detector] = await Promise.all([
    fetched(new URL("constants.json", base)).then((r) => r.json() as Promise<Constants>),
    open(new URL("models/hand.onnx", base), progress(0)),
    open(new URL("models/detect.onnx", base), progress(1)),
  ]);
  loaded = { constants, hand, detector };
  tell({ kind: "ready", constants, metadata: hand.metadata, threads });
}

async function fetched(url: URL): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} cannot be loaded (${response.status})`);
  return response;
}

async function open(url: URL, progress: (share: number) => void): Promise<Model> {
  const file = await read(await fetched(url), progress);
  const session = await ort.InferenceSession.create(file, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  return { session, metadata: readMetadata(file), spent: 0 };
}

/** Read a response's bytes and say how far it is. */
async function read(response: Response, progress: (share: number) => void): Promise<Uint8Array> {
  const length = Number(response.headers.get("content-length"));
  if (!response.body || !length) return new Uint8Array(await response.arrayBuffer());
  const parts: Uint8Array[] = [];
  let done = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { value } = await reader.read();
    if (!value) break;
    parts.push(value);
    done += value.length;
    progress(Math.min(done / length, 1));
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

function runner(model: Model): RunCrops {
  const { height, width } = model.metadata.size;
  return async (crops, count) => {
    const start = performance.now();
    const input = new ort.Tensor("uint8", crops, [count, height, width, 3]);
    const results = await model.session.run({ crops: input }, [...model.metadata.outputs]);
    const outputs = Object.fromEntries(Object.entries(results).map(([name, t]) => [name, t.data as Float32Array]));
    model.spent += performance.now() - start;
    return outputs as Outputs;
  };
}

async function predict(request: Exclude<Request, { kind: "load" }>): Promise<void> {
  if (!loaded) throw new Error("the models are not loaded yet");
  const start = performance.now();
  const image = pixels(request.image);
  loaded.hand.spent = loaded.detector.spent = 0;
  const looks = request.kind === "photo" ? request.looks : 1;
  const hands = request.kind === "photo" ? await photo(image, looks, request) : await frame(image, request);
  const times = {
    whole: performance.now() - start,
    detector: loaded.detector.spent,
    model: loaded.hand.spent,
  };
  tell({ kind: "found", id: request.id, hands: hands.map(plain), looks, calibration: request.calibration, times });
}

/** Draw a picture on white and read its pixels. */
function pixels(image: ImageBitmap): Picture {
  const { width, height } = image;
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0);
  image.close();
  return context.getImageData(0, 0, width, height);
}

function detectorFor(tiles: Tiles): Detector {
  const { detector, constants } = loaded!;
  const threshold = tiles === "never" ? detector.metadata.threshold : constants.predictor.proposed;
  return new Detector(runner(detector), detector.metadata, constants.detection, threshold, tiles);
}

type Photo = Extract<Request, { kind: "photo" }>;
type Frame = Extract<Request, { kind: "frame" }>;

async function photo(image: Picture, looks: number, { tiles, calibration }: Photo): Promise<Hand[]> {
  const { hand, constants } = loaded!;
  const detections = await detectorFor(tiles ? "always" : "never").detect(image);
  return new Predictor(runner(hand), hand.metadata, constants, { looks, calibration }).find(image, detections);
}

async function frame(image: Picture, { seconds, first, calibration }: Frame): Promise<Hand[]> {
  if (first || !tracker) tracker = newTracker(calibration);
  return tracker.step(image, seconds);
}

function newTracker(calibration: string | null): Tracker<Picture> {
  const { hand, constants } = loaded!;
  const predictor = new Predictor(runner(hand), hand.metadata, constants, {
    looks: 1,
    calibration,
    films: true,
  });
  const detector = detectorFor("never");
  const models = {
    predict: predictor.boxes.bind(predictor),
    detect: detector.detect.bind(detector),
  };
  return new Tracker<Picture>(models, constants.tracking, constants.smoothing);
}

function plain({ radial: _, ...hand }: Hand): PlainHand {
  return hand;
}
