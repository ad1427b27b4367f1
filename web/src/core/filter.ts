// Smoothing of moving points that trusts certain points more: the counterpart of likelihand/tracking/filters.py.

import { type Covariance, distance, type Point } from "./geometry";

/** How a filter weighs what it expects against what it sees; `likelihand.tracking.filters.Smoothing` explains each. */
export interface SmoothingSettings {
  readonly still: number;
  readonly moving: number;
  readonly noise: number;
  readonly floor: number;
  readonly speed: number;
  readonly gate: number;
  readonly patience: number;
  /** Median squared distance above which the hand moves in a new way. */
  readonly typical: number;
}

export interface Smoothed {
  readonly points: readonly Point[];
  readonly covariance: readonly Covariance[];
  readonly velocity: readonly Point[];
}

/** A 2x2 matrix, row by row. */
type Square = readonly [number, number, number, number];

/** Mean and covariance of one point's place and velocity. */
interface State {
  readonly point: Point;
  readonly velocity: Point;
  readonly place: Covariance;
  readonly mixed: Square;
  readonly drift: Covariance;
  readonly observed: Covariance;
  readonly away: number;
}

/** A Kalman filter for motion of nearly constant velocity, fed with predicted covariances. */
export class PointFilter {
  private states: readonly State[] | null = null;

  constructor(private readonly smoothing: SmoothingSettings) {}

  /** Return where the points will be; the filter stays as it is. */
  expected(seconds: number): Point[] {
    return this.started.map(({ point, velocity }) => [
      point[0] + seconds * velocity[0],
      point[1] + seconds * velocity[1],
    ]);
  }

  /** Go on to the next frame; `points` is null where nothing is seen. */
  step(points: readonly Point[] | null, covariance: readonly Covariance[], seconds: number): Smoothed {
    if (!this.states) return this.start(points, covariance);
    const unrest = this.unrest(this.states);
    const moved = this.states.map((state, i) => move(state, seconds, unrest[i]!));
    this.states = points ? this.corrected(moved, points, covariance) : moved;
    return {
      points: this.states.map((s) => s.point),
      covariance: points ? covariance : this.states.map((s) => add(s.observed, s.place)),
      velocity: this.states.map((s) => s.velocity),
    };
  }

  private get started(): readonly State[] {
    if (!this.states) throw new Error("the filter has seen nothing yet; call step with points first");
    return this.states;
  }

  private start(points: readonly Point[] | null, covariance: readonly Covariance[]): Smoothed {
    if (!points) throw new Error("the filter has seen nothing yet; call step with points first");
    const size = spreadOf(points);
    const drift = (this.smoothing.speed * size) ** 2;
    this.states = points.map((point, i) => ({
      point,
      velocity: [0, 0],
      place: this.noise(covariance[i]!, size),
      mixed: [0, 0, 0, 0],
      drift: [drift, 0, drift],
      observed: covariance[i]!,
      away: 0,
    }));
    return { points, covariance, velocity: points.map(() => [0, 0]) };
  }

  private noise([xx, xy, yy]: Covariance, size: number): Covariance {
    const { noise, floor } = this.smoothing;
    const least = Math.max(floor * size, 1e-9) ** 2;
    return [noise ** 2 * xx + least, noise ** 2 * xy, noise ** 2 * yy + least];
  }

  private unrest(states: readonly State[]): number[] {
    const still = this.smoothing.still * spreadOf(states.map((s) => s.point));
    return states.map(
      (s) => (still + this.smoothing.moving * Math.sqrt(s.velocity[0] ** 2 + s.velocity[1] ** 2)) ** 2,
    );
  }

  private corrected(states: readonly State[], seen: readonly Point[], covariance: readonly Covariance[]): State[] {
    const { gate, typical } = this.smoothing;
    const size = spreadOf(states.map((s) => s.point));
    const noise = covariance.map((c) => this.noise(c, size));
    const innovation = seen.map(([x, y], i): Point => [x - states[i]!.point[0], y - states[i]!.point[1]]);
    const distances = (of: readonly State[]): number[] =>
      of.map((s, i) => squaredLength(innovation[i]!, inverse(add(s.place, noise[i]!))));
    const usual = median(distances(states));
    const loose = usual > typical ? states.map((s) => loosen(s, usual / typical)) : states;
    return distances(loose).map((away, i) => {
      const state = loose[i]!;
      const strikes = away > gate ? state.away + 1 : 0;
      if (strikes > this.smoothing.patience) return this.restart(seen[i]!, noise[i]!, covariance[i]!, size);
      const weight = Math.sqrt(gate / Math.max(away, gate));
      const gain = scale(inverse(add(state.place, noise[i]!)), weight);
      return { ...correct(state, innovation[i]!, gain), observed: covariance[i]!, away: strikes };
    });
  }

  private restart(point: Point, place: Covariance, observed: Covariance, size: number): State {
    const drift = (this.smoothing.speed * size) ** 2;
    return { point, velocity: [0, 0], place, mixed: [0, 0, 0, 0], drift: [drift, 0, drift], observed, away: 0 };
  }
}

/** Let time pass: x + T v, and F P F^T + Q. */
function move(state: State, t: number, q: number): State {
  const [a, b, c, d] = state.mixed;
  const { point, velocity, place, drift } = state;
  const more = (q * t ** 3) / 3;
  const some = (q * t ** 2) / 2;
  return {
    ...state,
    point: [point[0] + t * velocity[0], point[1] + t * velocity[1]],
    place: [
      place[0] + 2 * t * a + t ** 2 * drift[0] + more,
      place[1] + t * (b + c) + t ** 2 * drift[1],
      place[2] + 2 * t * d + t ** 2 * drift[2] + more,
    ],
    mixed: [a + t * drift[0] + some, b + t * drift[1], c + t * drift[1], d + t * drift[2] + some],
    drift: [drift[0] + q * t, drift[1], drift[2] + q * t],
  };
}

function loosen(state: State, factor: number): State {
  const [a, b, c, d] = state.mixed;
  return {
    ...state,
    place: scale(state.place, factor),
    mixed: [factor * a, factor * b, factor * c, factor * d],
    drift: scale(state.drift, factor),
  };
}

/** Take in an observation: K = P H^T (H P H^T + R)^-1, x + K (z - H x), (I - K H) P. */
function correct(state: State, innovation: Point, precision: Covariance): State {
  const [a, b, c, d] = state.mixed;
  const weights = square(precision);
  const gain = product(square(state.place), weights);
  const gainVelocity = product([a, c, b, d], weights);
  const placeGain = product(gain, square(state.place));
  const mixedGain = product(gain, state.mixed);
  const driftGain = product(gainVelocity, state.mixed);
  const pull = apply(gain, innovation);
  const push = apply(gainVelocity, innovation);
  return {
    ...state,
    point: [state.point[0] + pull[0], state.point[1] + pull[1]],
    velocity: [state.velocity[0] + push[0], state.velocity[1] + push[1]],
    place: symmetric(state.place, placeGain),
    mixed: [a - mixedGain[0], b - mixedGain[1], c - mixedGain[2], d - mixedGain[3]],
    drift: symmetric(state.drift, driftGain),
  };
}

function symmetric([xx, xy, yy]: Covariance, [a, b, c, d]: Square): Covariance {
  return [xx - a, xy - (b + c) / 2, yy - d];
}

function square([xx, xy, yy]: Covariance): Square {
  return [xx, xy, xy, yy];
}

function product([a, b, c, d]: Square, [e, f, g, h]: Square): Square {
  return [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
}

function apply([a, b, c, d]: Square, [x, y]: Point): Point {
  return [a * x + b * y, c * x + d * y];
}

function add(p: Covariance, q: Covariance): Covariance {
  return [p[0] + q[0], p[1] + q[1], p[2] + q[2]];
}

function scale([xx, xy, yy]: Covariance, factor: number): Covariance {
  return [factor * xx, factor * xy, factor * yy];
}

function inverse([xx, xy, yy]: Covariance): Covariance {
  const size = xx * yy - xy * xy;
  return [yy / size, -xy / size, xx / size];
}

function squaredLength([x, y]: Point, [xx, xy, yy]: Covariance): number {
  return xx * x * x + 2 * xy * x * y + yy * y * y;
}

/** Return the root mean square distance of points from their middle: a size that no rotation changes. */
export function spreadOf(points: readonly Point[]): number {
  const middle: Point = [meanOf(points.map((p) => p[0])), meanOf(points.map((p) => p[1]))];
  return Math.sqrt(meanOf(points.map((p) => distance(p, middle) ** 2)));
}

/** Return the median of finite numbers. */
export function median(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  return (ordered[(ordered.length - 1) >> 1]! + ordered[ordered.length >> 1]!) / 2;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
