// Several looks at one hand and what they say together: the counterpart of likelihand/inference/tta.py.

import { type Box, boxLength, type Covariance, cropMatrix, type Matrix, type Point, type Size } from "./geometry";

/** One way to cut a hand out of its picture. */
export interface Look {
  readonly room: number;
  readonly mirrored: boolean;
  readonly radians: number;
}

/** Return the matrix of a look's crop; a closer look never cuts into the box. */
export function lookMatrix(look: Look, box: Box, size: Size, padding: number): Matrix {
  const closer = Math.max(padding * look.room, Math.min(padding, 1));
  return cropMatrix(box, size, closer, look.radians, look.mirrored);
}

/** Grow a box beyond the edges of the picture that it touches, where the rest of the hand may lie. */
export function beyondEdge(box: Box, width: number, height: number, touch: number, beyond: number): Box {
  const length = boxLength(box);
  const grown = (room: number): number => {
    const share = room / length;
    return Math.min(Math.max(2 - (2 * share) / touch, 0), 1) * Math.max(beyond + share, 0) * length;
  };
  const [x0, y0, x1, y1] = box;
  return [x0 - grown(x0), y0 - grown(y0), x1 + grown(width - x1), y1 + grown(height - y1)];
}

/** What the model says of one look, in image pixels. */
export interface Answer {
  readonly points: readonly Point[];
  readonly covariance: readonly Covariance[];
  readonly presence: number;
  readonly right: number | null;
}

const TINY = 2.2250738585072014e-308; // the smallest normal double

/** Join several answers about one hand: the moments of the mixture of their densities. */
export function mergeAnswers(answers: readonly Answer[]): Answer {
  if (answers.length === 1) return answers[0]!;
  const merged = answers[0]!.points.map((_, k) => mergePoint(answers, k));
  const rights = answers.flatMap((a) => (a.right === null ? [] : [a.right]));
  return {
    points: merged.map((m) => m.point),
    covariance: merged.map((m) => m.covariance),
    presence: mean(answers.map((a) => a.presence)),
    right: rights.length ? mean(rights) : null,
  };
}

function mergePoint(answers: readonly Answer[], k: number): { point: Point; covariance: Covariance } {
  const densities = answers.map((a) => {
    const [xx, xy, yy] = a.covariance[k]!;
    return 1 / Math.sqrt(Math.max(xx * yy - xy * xy, TINY));
  });
  const total = densities.reduce((sum, d) => sum + d, 0);
  const weights = densities.map((d) => d / total);
  const average = (value: (a: Answer) => number): number =>
    answers.reduce((sum, a, i) => sum + weights[i]! * value(a), 0);
  const x = average((a) => a.points[k]![0]);
  const y = average((a) => a.points[k]![1]);
  return {
    point: [x, y],
    covariance: [
      average((a) => a.covariance[k]![0] + (a.points[k]![0] - x) ** 2),
      average((a) => a.covariance[k]![1] + (a.points[k]![0] - x) * (a.points[k]![1] - y)),
      average((a) => a.covariance[k]![2] + (a.points[k]![1] - y) ** 2),
    ],
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
