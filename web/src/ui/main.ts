// The page: its controls, what it shows, and the loop that feeds the worker.

import "./style.css";
import type { Line } from "../core/formats";
import { handJson } from "../core/formats";
import { confidenceOf, insideOf } from "../core/hand";
import { calibrationNames } from "../core/metadata";
import { download, type Format } from "./downloads";
import { drawScene, labelOf, lineWidth, type Scene } from "./drawing";
import { Engine, type Found, type ShownHand } from "./engine";
import { type FrameSource, nextFrame, openCamera, openFilm, readPhoto } from "./sources";

const LEVELS = [0.5, 0.68, 0.9, 0.95];
const MOST_LINES = 20_000; // frames that are kept for download: eleven minutes at 30 a second
const FINE = 1000; // pixels of the canvas's longer side below which a picture is drawn larger than it is
const MOST_THREADS = 4; // the models are small: more threads wait for each other

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const canvas = byId<HTMLCanvasElement>("stage");
const level = byId<HTMLInputElement>("level");
const looks = byId<HTMLInputElement>("looks");
const tiles = byId<HTMLInputElement>("tiles");
const kind = byId<HTMLSelectElement>("kind");
const mirror = byId<HTMLInputElement>("mirror");

interface Picture {
  readonly image: ImageBitmap;
  readonly camera: boolean;
  hands: readonly ShownHand[];
}

let engine: Engine | null = null;
let shown: Picture | null = null;
let photo: File | null = null;
let source: FrameSource | null = null;
let lines: Line[] = [];
let film = ""; // name of the film that the lines are of
let chosen: [number, number] | null = null;
let run = 0; // counts the sources: what an earlier one still has to say is dropped

start();

async function start(): Promise<void> {
  listen();
  if ("serviceWorker" in navigator && import.meta.env.PROD) {
    navigator.serviceWorker.register("./sw.js").catch(() => undefined); // the page works without it
  }
  const threads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS) : 1;
  try {
    engine = await Engine.load(document.baseURI, threads, (share) => {
      byId<HTMLProgressElement>("progress").value = share;
    });
  } catch (error) {
    return wrong(error);
  } finally {
    byId("progress").hidden = true;
  }
  const { height, width } = engine.metadata.size;
  byId("runtime").textContent =
    `WebAssembly, ${threads === 1 ? "1 thread" : `${threads} threads`}; hand model of ${width} x ${height} pixels, likelihand ${engine.constants.version}`;
  fillKinds(calibrationNames(engine.metadata));
  say("Ready.");
  document.documentElement.dataset.ready = "yes";
  if (photo) await showPhoto(photo);
}

function listen(): void {
  const file = byId<HTMLInputElement>("file");
  byId("open").onclick = () => file.click();
  file.onchange = () => take(file.files?.[0]);
  byId("camera").onclick = () => follow(openCamera);
  byId("stop").onclick = stop;
  document.onpaste = (event) => take(event.clipboardData?.files[0]);
  const drop = byId("drop");
  document.ondragover = (event) => event.preventDefault();
  document.ondrop = (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer?.files[0]);
  };
  drop.ondragenter = () => drop.classList.add("over");
  drop.ondragleave = () => drop.classList.remove("over");
  level.oninput = redraw;
  mirror.onchange = redraw;
  looks.onchange = tiles.onchange = kind.onchange = () => photo && showPhoto(photo);
  canvas.onpointermove = canvas.onpointerdown = (event) => choose(nearest(event));
  canvas.onpointerleave = () => choose(null);
  canvas.onkeydown = step;
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-download]")) {
    button.onclick = () => download(button.dataset.download as Format, lines, film, overlay(), engine!.constants);
  }
}

function take(file: File | undefined): void {
  if (!file) return;
  if (file.type.startsWith("video/")) follow(() => openFilm(file));
  else showPhoto(file);
}

async function showPhoto(file: File): Promise<void> {
  stop();
  photo = file;
  const mine = run;
  busy(true);
  try {
    const image = await readPhoto(file);
    show({ image, camera: false, hands: [] });
    if (!engine) return say("Loading the models…");
    say("Looking…");
    const copy = await createImageBitmap(image);
    const count = looks.checked ? engine.constants.predictor.looks.length : 1;
    const found = await engine.find({
      kind: "photo",
      image: copy,
      looks: count,
      tiles: tiles.checked,
      calibration: wanted(),
    });
    if (mine !== run) return;
    lines = [lineOf(file.name, image, found)];
    show({ image, camera: false, hands: found.hands });
    told(found, null);
    say(describe(found.hands));
  } catch (error) {
    if (mine === run) wrong(error);
  } finally {
    if (mine === run && engine) busy(false);
  }
}

/** Follow the hands of a film or the camera until it ends or is stopped. */
async function follow(open: () => Promise<FrameSource>): Promise<void> {
  stop();
  photo = null;
  const mine = run;
  try {
    if (!engine) throw new Error("the models are still loading; try again when they are ready");
    source = await open();
    if (mine !== run) return source.close();
    byId("stop").hidden = false;
    lines = [];
    film = source.name.replace(/\.[^.]*$/, "");
    say(`Following ${source.name}.`);
    await frames(source, mine);
    if (mine !== run) return;
    stop();
  } catch (error) {
    if (mine !== run) return;
    stop();
    wrong(error);
  }
}

async function frames(from: FrameSource, mine: number): Promise<void> {
  const camera = from.video.srcObject !== null;
  let first: number | null = null;
  let last = performance.now();
  let rate = 0;
  for (let seconds = await nextFrame(from.video); seconds !== null; seconds = await nextFrame(from.video)) {
    if (mine !== run) return;
    const begin: boolean = first === null;
    first ??= seconds;
    const image = await createImageBitmap(from.video);
    const copy = await createImageBitmap(image);
    const time = Math.max(seconds - first, 0);
    const found = await engine!.find({
      kind: "frame",
      image: copy,
      seconds: time,
      first: begin,
      calibration: wanted(),
    });
    if (mine !== run) return;
    if (lines.length < MOST_LINES) lines.push(lineOf(from.name, image, found, lines.length, time));
    show({ image, camera, hands: found.hands });
    const now = performance.now();
    rate = rate ? 0.9 * rate + 100 / (now - last) : 1000 / (now - last);
    last = now;
    told(found, rate);
  }
}

function stop(): void {
  busy(false);
  if (source) say(`Stopped after ${lines.length} frames.`);
  run += 1;
  source?.close();
  source = null;
  byId("stop").hidden = true;
}

function lineOf(file: string, image: ImageBitmap, found: Found, frame?: number, time?: number): Line {
  const what = frame === undefined ? { file } : { frame, time: Math.round(time! * 1e6) / 1e6 };
  return {
    ...what,
    size: [image.height, image.width],
    hands: found.hands.map((hand) => handJson(hand, image, engine!.constants)),
  };
}

function show(picture: Picture): void {
  if (shown && shown.image !== picture.image) shown.image.close();
  shown = picture;
  canvas.hidden = false;
  byId("empty").hidden = true;
  byId("drop").classList.add("filled");
  redraw();
  fillTable(picture.hands);
}

function redraw(): void {
  const told = `${Math.round(100 * LEVELS[level.valueAsNumber]!)}`;
  byId("level-told").textContent = `${told} %`;
  level.setAttribute("aria-valuetext", `${told} percent`);
  if (!shown) return;
  const { width, height } = shown.image;
  canvas.style.setProperty("--ratio", String(width / height));
  drawScene(
    canvas,
    sceneOf(shown, Math.max(1, Math.round(FINE / Math.max(width, height)))),
    engine?.constants ?? null,
  );
}

function sceneOf({ image, hands }: Picture, zoom: number): Scene {
  const { width, height } = image;
  return {
    image,
    width,
    height,
    hands,
    level: LEVELS[level.valueAsNumber]!,
    mirrored: isMirrored(),
    zoom,
    chosen,
  };
}

/** Draw the overlay at the picture's own size. */
function overlay(): HTMLCanvasElement {
  const own = document.createElement("canvas");
  if (shown) drawScene(own, { ...sceneOf(shown, 1), chosen: null }, engine!.constants);
  return own;
}

/** Offer the kinds of pictures that the model is calibrated for, where there are several. */
function fillKinds(names: readonly string[]): void {
  kind.replaceChildren(...names.map((name) => new Option(name, name)));
  byId("kinds").hidden = names.length < 2;
}

function wanted(): string | null {
  return kind.value || null;
}

function isMirrored(): boolean {
  return shown?.camera === true && mirror.checked;
}

function fillTable(hands: readonly ShownHand[]): void {
  const rows = hands.map((hand, i) => {
    const row = document.createElement("tr");
    const confidence = mean(confidenceOf(hand, engine!.constants.uncertainty));
    const name = hand.track === undefined ? i + 1 : hand.track;
    const hidden = hand.seen === false ? " (hidden)" : "";
    for (const text of [`${name}${hidden}`, hand.side ?? "–", hand.score.toFixed(2), percent(confidence)]) {
      row.append(Object.assign(document.createElement("td"), { textContent: text }));
    }
    return row;
  });
  const none = document.createElement("tr");
  none.append(Object.assign(document.createElement("td"), { textContent: "None", colSpan: 4 }));
  byId("hands").replaceChildren(...(rows.length ? rows : [none]));
  canvas.setAttribute("aria-label", describe(hands));
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-download]"))
    button.disabled = !lines.length;
  byId("kept").textContent = lines.length > 1 ? `${lines.length} frames are kept` : "";
}

function told({ times }: Found, rate: number | null): void {
  const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  byId("rate").textContent = rate === null ? "–" : rate.toFixed(1);
  byId("whole").textContent = ms(times.whole);
  byId("detector").textContent = ms(times.detector);
  byId("model").textContent = ms(times.model);
  byId("pixels").textContent = ms(Math.max(times.whole - times.detector - times.model, 0));
}

/** Return the keypoint under the pointer. */
function nearest(event: PointerEvent): [number, number] | null {
  if (!shown) return null;
  const box = canvas.getBoundingClientRect();
  const { width } = shown.image;
  const zoom = width / box.width;
  const x = (event.clientX - box.left) * zoom;
  const y = (event.clientY - box.top) * zoom;
  let best: [number, number] | null = null;
  let least = Number.POSITIVE_INFINITY;
  shown.hands.forEach((hand, i) => {
    const reach = Math.max(4 * lineWidth(hand.points), 12 * zoom);
    hand.points.forEach(([px, py], k) => {
      const away = Math.hypot((isMirrored() ? width - px : px) - x, py - y);
      if (away < Math.min(least, reach)) [best, least] = [[i, k], away];
    });
  });
  return best;
}

function choose(keypoint: [number, number] | null): void {
  if (keypoint?.join() === chosen?.join()) return;
  chosen = keypoint;
  if (chosen) byId("keypoint").textContent = tellKeypoint(...chosen);
  redraw();
}

function tellKeypoint(hand: number, keypoint: number): string {
  const found = shown!.hands[hand]!;
  const { constants } = engine!;
  const chance = confidenceOf(found, constants.uncertainty)[keypoint]!;
  const name = constants.keypoints[keypoint]!.replaceAll("_", " ");
  const [x, y] = found.points[keypoint]!;
  const near = percent(constants.uncertainty.reach);
  const outside = insideOf(found, shown!.image)[keypoint] ? "" : " Outside the picture.";
  return `${name} of ${nameOf(found, hand)}: at (${x.toFixed(1)}, ${y.toFixed(1)}), ${percent(chance)} sure to be within ${near} of the hand's size.${outside}`;
}

function nameOf(hand: ShownHand, number: number): string {
  const side = hand.side ? ` (${hand.side})` : "";
  return `hand ${hand.track ?? number + 1}${side}`;
}

/** Move through the keypoints: left and right by one, up and down by a hand. */
function step(event: KeyboardEvent): void {
  const moves: Record<string, [number, number]> = {
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
  };
  const move = moves[event.key];
  if (!move || !shown?.hands.length) return;
  event.preventDefault();
  const [hands, keypoints] = [shown.hands.length, engine!.constants.keypoints.length];
  const [hand, keypoint] = chosen && chosen[0] < hands ? chosen : [0, -move[1]];
  choose([(hand + move[0] + hands) % hands, (keypoint + move[1] + keypoints) % keypoints]);
}

function describe(hands: readonly ShownHand[]): string {
  if (!hands.length) return "No hand found.";
  const names = hands.map((hand) => labelOf(hand)).join(", ");
  return `${hands.length} ${hands.length === 1 ? "hand" : "hands"} found: ${names}.`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function busy(yes: boolean): void {
  byId("drop").setAttribute("aria-busy", String(yes));
}

function say(text: string): void {
  byId("status").classList.remove("wrong");
  byId("status").textContent = text;
}

function wrong(error: unknown): void {
  say(error instanceof Error ? error.message : String(error));
  byId("status").classList.add("wrong");
}
