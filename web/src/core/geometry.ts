// Coordinates and their conversions: the counterpart of likelihand/geometry.py. The origin is the image's corner,
// the centre of pixel (row i, column j) is (j + 1/2, i + 1/2); matrices are named destinationFromSource.

export type Point = readonly [number, number];
export type Box = readonly [number, number, number, number];
/** The upper two rows of an affine matrix: x' = a x + b y + u, y' = c x + d y + v. */
export type Matrix = readonly [a: number, b: number, u: number, c: number, d: number, v: number];
/** A symmetric 2x2 matrix. */
export type Covariance = readonly [xx: number, xy: number, yy: number];
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Return c_from_a = c_from_b @ b_from_a. */
export function multiply(p: Matrix, q: Matrix): Matrix {
  return [
    p[0] * q[0] + p[1] * q[3],
    p[0] * q[1] + p[1] * q[4],
    p[0] * q[2] + p[1] * q[5] + p[2],
    p[3] * q[0] + p[4] * q[3],
    p[3] * q[1] + p[4] * q[4],
    p[3] * q[2] + p[4] * q[5] + p[5],
  ];
}

export function translation(x: number, y: number): Matrix {
  return [1, 0, x, 0, 1, y];
}

export function scaling(x: number, y = x): Matrix {
  return [x, 0, 0, 0, y, 0];
}

export function rotation(radians: number): Matrix {
  const c = Math.cos(radians);
  const s = Math.sin(radians);
  return [c, -s, 0, s, c, 0];
}

export function horizontalFlip(width: number): Matrix {
  return [-1, 0, width, 0, 1, 0];
}

/** Return source_from_destination. */
export function invert(m: Matrix): Matrix {
  const size = m[0] * m[4] - m[1] * m[3];
  if (size === 0) throw new RangeError(`matrix [${m.join(", ")}] has no inverse; use a crop of positive size`);
  const [a, b, c, d] = [m[4] / size, -m[1] / size, -m[3] / size, m[0] / size];
  return [a, b, -a * m[2] - b * m[5], c, d, -c * m[2] - d * m[5]];
}

/** Return the length in the destination of a unit length in the source. */
export function magnification(m: Matrix): number {
  return Math.sqrt(Math.abs(m[0] * m[4] - m[1] * m[3]));
}

export function transformPoint(m: Matrix, [x, y]: Point): Point {
  return [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
}

/** Return A C A^T, with A the linear part of the matrix. */
export function transformCovariance(m: Matrix, [xx, xy, yy]: Covariance): Covariance {
  const [a, b, , c, d] = m;
  return [
    a * a * xx + 2 * a * b * xy + b * b * yy,
    a * c * xx + (a * d + b * c) * xy + b * d * yy,
    c * c * xx + 2 * c * d * xy + d * d * yy,
  ];
}

/** Return crop_from_image: the square around a box, enlarged by `padding`, turned, mirrored and resized. */
export function cropMatrix(box: Box, size: Size, padding: number, radians = 0, flip = false): Matrix {
  const [x0, y0, x1, y1] = box;
  if (!(x1 > x0 && y1 > y0 && box.every(Number.isFinite))) {
    throw new RangeError(`box [${box.join(", ")}] is empty; use (x0, y0, x1, y1) with x1 > x0 and y1 > y0`);
  }
  const side = padding * Math.max(x1 - x0, y1 - y0);
  const turned = multiply(rotation(radians), translation(-(x0 + x1) / 2, -(y0 + y1) / 2));
  const scaled = multiply(scaling(Math.min(size.height, size.width) / side), turned);
  const centred = multiply(translation(size.width / 2, size.height / 2), scaled);
  return flip ? multiply(horizontalFlip(size.width), centred) : centred;
}

/** Return the tight box of points. */
export function boxOfPoints(points: readonly Point[]): Box {
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Return the longer side of a box. */
export function boxLength(box: Box): number {
  return Math.max(box[2] - box[0], box[3] - box[1]);
}

export function boxArea(box: Box): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

/** Return the area that two boxes share. */
export function sharedArea(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(width, 0) * Math.max(height, 0);
}

/** Return the intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const shared = sharedArea(a, b);
  return shared / Math.max(boxArea(a) + boxArea(b) - shared, 1e-12);
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Return the mean distance between corresponding points. */
export function meanDistance(a: readonly Point[], b: readonly Point[]): number {
  return a.reduce((sum, p, i) => sum + distance(p, b[i]!), 0) / a.length;
}

/** Return whether every coordinate is finite. */
export function allFinite(points: readonly (readonly number[])[]): boolean {
  return points.every((p) => p.every(Number.isFinite));
}
