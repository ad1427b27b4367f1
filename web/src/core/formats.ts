// What the page lets its user download: the counterpart of likelihand/cli/formats.py.

import type { Constants } from "./constants";
import { boxOfPoints, type Size } from "./geometry";
import { confidenceOf, type Hand, insideOf, scaleOf } from "./hand";

export interface HandJson {
  readonly keypoints: readonly (readonly number[])[];
  readonly scale: readonly (readonly number[])[];
  readonly covariance: readonly (readonly (readonly number[])[])[];
  readonly confidence: readonly number[];
  readonly inside: readonly boolean[];
  readonly box: readonly number[];
  readonly side: string | null;
  readonly score: number;
  readonly track?: number;
  readonly seen?: boolean;
}

/** One line of JSON Lines: a picture has its file, a film's frame its number and time. */
export interface Line {
  readonly file?: string;
  readonly frame?: number;
  readonly time?: number;
  readonly size: readonly [height: number, width: number];
  readonly hands: readonly HandJson[];
}

/** Return a hand as JSON: lengths in image pixels, corner origin. */
export function handJson(
  hand: Hand & { track?: number; seen?: boolean },
  picture: Size,
  constants: Constants,
): HandJson {
  const track = hand.track === undefined ? {} : { track: hand.track, seen: hand.seen ?? true };
  return {
    ...track,
    keypoints: hand.points.map((p) => p.map(rounded)),
    scale: scaleOf(hand).map((p) => p.map(rounded)),
    covariance: hand.covariance.map(([xx, xy, yy]) => [
      [rounded(xx), rounded(xy)],
      [rounded(xy), rounded(yy)],
    ]),
    confidence: confidenceOf(hand, constants.uncertainty).map(rounded),
    inside: insideOf(hand, picture),
    box: hand.box.map(rounded),
    side: hand.side,
    score: Math.round(hand.score * 1e4) / 1e4,
  };
}

/** Return predictions as JSON Lines. */
export function jsonLines(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Return predictions as COCO keypoint JSON; keypoints count pixel centres as integers. */
export function coco(lines: readonly Line[], name: string, constants: Constants): unknown {
  const category = {
    id: 1,
    name: "hand",
    supercategory: "hand",
    keypoints: constants.keypoints,
    skeleton: constants.bones.map(([parent, child]) => [parent + 1, child + 1]),
  };
  const images = lines.map(({ file, frame, time, size: [height, width] }, i) => ({
    id: i + 1,
    file_name: file ?? `${name}/${String(frame).padStart(6, "0")}.jpg`,
    height,
    width,
    ...(frame === undefined ? {} : { frame, time }),
  }));
  const hands = lines.flatMap((line, i) => line.hands.map((hand) => [hand, i + 1] as const));
  const annotations = hands.map(([hand, image], i) => annotation(hand, image, i + 1));
  return { images, annotations, categories: [category] };
}

function annotation(hand: HandJson, image: number, id: number): unknown {
  const { keypoints, box: _, ...more } = hand;
  const [x0, y0, x1, y1] = boxOfPoints(keypoints.map(([x, y]) => [x!, y!]));
  const [width, height] = [finely(x1 - x0), finely(y1 - y0)];
  return {
    id,
    image_id: image,
    category_id: 1,
    iscrowd: 0,
    bbox: [x0, y0, width, height],
    area: finely(width * height),
    num_keypoints: keypoints.length,
    keypoints: keypoints.flatMap(([x, y]) => [finely(x! - 0.5), finely(y! - 0.5), 2]),
    ...(hand.side ? { handedness: hand.side } : {}),
    ...more,
  };
}

const VALUES = ["keypoint", "x", "y", "scale_x", "scale_y", "confidence", "inside"];
const PICTURE_COLUMNS = ["file", "hand", "side", "score", ...VALUES];
const FILM_COLUMNS = ["frame", "time", "hand", "side", "seen", "score", ...VALUES];

/** Return predictions as CSV, a row a keypoint. */
export function csv(lines: readonly Line[], constants: Constants): string {
  const film = lines.some((line) => line.frame !== undefined);
  const rows = lines.flatMap((line) =>
    line.hands.flatMap((hand, number) => {
      const side = hand.side ?? "";
      const head = film
        ? [line.frame!, line.time!, hand.track!, side, Number(hand.seen), hand.score]
        : [line.file!, number, side, hand.score];
      return values(hand, constants).map((row) => [...head, ...row]);
    }),
  );
  return [film ? FILM_COLUMNS : PICTURE_COLUMNS, ...rows]
    .map((row) => `${row.map(quoted).join(",")}\r\n`)
    .join("");
}

function values(hand: HandJson, constants: Constants): (string | number)[][] {
  return constants.keypoints.map((name, k) => [
    name,
    ...hand.keypoints[k]!,
    ...hand.scale[k]!,
    hand.confidence[k]!,
    Number(hand.inside[k]!),
  ]);
}

function quoted(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rounded(value: number): number {
  return Math.round(value * 1e3) / 1e3;
}

function finely(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
