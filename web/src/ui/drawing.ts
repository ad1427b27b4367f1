// Hands drawn on a canvas: bones coloured by finger, keypoints, and the regions of the chosen level.

import type { Constants } from "../core/constants";
import { type Box, boxLength, boxOfPoints, type Point } from "../core/geometry";
import { type Hand, regionsOf } from "../core/hand";
import type { ShownHand } from "./engine";

const HALO = "rgb(20 20 20 / 0.9)";
const WASH = 0.3;

export interface Scene {
  readonly image: CanvasImageSource;
  readonly width: number;
  readonly height: number;
  readonly hands: readonly ShownHand[];
  readonly level: number;
  readonly mirrored: boolean;
  /** Canvas pixels a picture's pixel, so that lines on a small picture are not coarse. */
  readonly zoom: number;
  /** Hand and keypoint to point out. */
  readonly chosen: readonly [number, number] | null;
}

/** Draw a picture with its hands; the canvas takes the picture's size times the zoom. */
export function drawScene(canvas: HTMLCanvasElement, scene: Scene, constants: Constants | null): void {
  const { width, height, zoom } = scene;
  if (canvas.width !== width * zoom) canvas.width = width * zoom;
  if (canvas.height !== height * zoom) canvas.height = height * zoom;
  const context = canvas.getContext("2d")!;
  context.setTransform(scene.mirrored ? -zoom : zoom, 0, 0, zoom, scene.mirrored ? width * zoom : 0, 0);
  context.drawImage(scene.image, 0, 0, width, height);
  context.setTransform(zoom, 0, 0, zoom, 0, 0);
  if (!constants) return;
  const hands = scene.mirrored ? scene.hands.map((hand) => mirroredHand(hand, scene.width)) : scene.hands;
  hands.forEach((hand, i) => {
    if (hand.seen !== false) drawHand(context, hand, scene.level, constants);
    drawLabel(context, labelOf(hand), hand.points, scene);
    if (scene.chosen?.[0] === i) drawRing(context, hand.points[scene.chosen[1]]!, lineWidth(hand.points));
  });
}

export function labelOf(hand: ShownHand): string {
  const side = hand.side ?? "hand";
  if (hand.track === undefined) return `${side} ${hand.score.toFixed(2)}`;
  return hand.seen === false ? `(${hand.track})` : `${side} ${hand.track}`;
}

export function mirroredHand(hand: ShownHand, width: number): ShownHand {
  return {
    ...hand,
    points: hand.points.map(([x, y]): Point => [width - x, y]),
    covariance: hand.covariance.map(([xx, xy, yy]) => [xx, -xy, yy] as const),
    box: [width - hand.box[2], hand.box[1], width - hand.box[0], hand.box[3]] as Box,
  };
}

function drawHand(context: CanvasRenderingContext2D, hand: Hand, level: number, constants: Constants): void {
  const colours = constants.colours.map((c) => `rgb(${c.join(" ")})`);
  const width = lineWidth(hand.points);
  drawRegions(context, hand, level, colours);
  context.lineCap = "round";
  for (const [extra, colour] of [[0.8 * width, HALO] as const, [0, null] as const]) {
    for (const [parent, child] of constants.bones) {
      context.strokeStyle = colour ?? colours[child]!;
      context.lineWidth = width + extra;
      context.beginPath();
      context.moveTo(...hand.points[parent]!);
      context.lineTo(...hand.points[child]!);
      context.stroke();
    }
  }
  hand.points.forEach((point, k) => {
    disc(context, point, 1.6 * width, HALO);
    disc(context, point, 1.1 * width, colours[k]!);
  });
}

function drawRegions(
  context: CanvasRenderingContext2D,
  hand: Hand,
  level: number,
  colours: readonly string[],
): void {
  regionsOf(hand, level).forEach(({ centre, axes, angle }, k) => {
    context.beginPath();
    context.ellipse(centre[0], centre[1], axes[0], axes[1], angle, 0, 2 * Math.PI);
    context.globalAlpha = WASH;
    context.fillStyle = colours[k]!;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = lineWidth(hand.points) / 2;
    context.strokeStyle = colours[k]!;
    context.stroke();
  });
}

function disc(context: CanvasRenderingContext2D, [x, y]: Point, radius: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function drawRing(context: CanvasRenderingContext2D, [x, y]: Point, width: number): void {
  for (const [colour, line] of [[HALO, 2 * width] as const, ["#fff", width] as const]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    context.arc(x, y, 4 * width, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Write beyond the wrist, away from the fingers, within the picture. */
function drawLabel(context: CanvasRenderingContext2D, text: string, points: readonly Point[], scene: Scene): void {
  const [wrist, ...others] = points;
  const size = Math.max(9, 5 * lineWidth(points));
  const mean = (axis: 0 | 1): number => others.reduce((sum, p) => sum + p[axis], 0) / others.length;
  const away: Point = [wrist![0] - mean(0), wrist![1] - mean(1)];
  const length = Math.max(Math.hypot(...away), 1e-9);
  context.font = `600 ${size}px system-ui, sans-serif`;
  const wide = context.measureText(text).width;
  const reach = size + (Math.abs(away[0]) / length) * (wide / 2);
  const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), Math.max(low, high));
  const x = clamp(wrist![0] + (away[0] / length) * reach - wide / 2, 2, scene.width - wide - 2);
  const y = clamp(wrist![1] + (away[1] / length) * reach + size / 3, size, scene.height - size / 3);
  context.lineJoin = "round";
  context.lineWidth = size / 4;
  context.strokeStyle = HALO;
  context.strokeText(text, x, y);
  context.fillStyle = "#fff";
  context.fillText(text, x, y);
}

/** Return a line width in pixels that suits a hand of this size. */
export function lineWidth(points: readonly Point[]): number {
  return Math.min(Math.max(boxLength(boxOfPoints(points)) / 110, 1), 64);
}
