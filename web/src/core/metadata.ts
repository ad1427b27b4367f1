// What a model file says of itself: the counterpart of likelihand/metadata.py.

import type { Size } from "./geometry";
import { Calibration, type CalibrationJson } from "./uncertainty";

export interface Metadata {
  readonly name: string;
  readonly kind: string;
  readonly size: Size;
  readonly padding: number;
  readonly outputs: readonly string[];
  readonly keypoints: readonly string[];
  readonly threshold: number;
  readonly licence: string;
  readonly calibration: CalibrationJson | null;
}

const KEY = "likelihand";
const METADATA_PROPS = 14; // field of onnx.ModelProto

/** Read the metadata of an ONNX file's bytes. */
export function readMetadata(file: Uint8Array): Metadata {
  const text = metadataProps(file).get(KEY);
  if (text === undefined)
    throw new Error("the model carries no likelihand metadata; use a file of `likelihand export`");
  const json = JSON.parse(text);
  if (json.format !== "likelihand-model" || json.version !== 1) {
    throw new Error(`the model's metadata is ${json.format} ${json.version}, expected likelihand-model 1`);
  }
  const [height, width] = json.size;
  return { ...json, size: { height, width } };
}

/** Return the calibration for a number of looks, or null where the model has none. */
export function calibrationOf(metadata: Metadata, _looks: number, narrowest: number): Calibration | null {
  return metadata.calibration ? new Calibration(metadata.calibration, narrowest) : null;
}

/** Read `metadata_props` out of a serialized ModelProto. */
export function metadataProps(file: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  for (const field of fields(file)) {
    if (field.number !== METADATA_PROPS) continue;
    const [key, value] = [1, 2].map((n) => fields(field.bytes).find((f) => f.number === n)?.bytes);
    const decoder = new TextDecoder();
    if (key) found.set(decoder.decode(key), value ? decoder.decode(value) : "");
  }
  return found;
}

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Split a protobuf message into its length-delimited fields (wire type 2); others are passed over. */
function fields(message: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (; at < message.length; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error("the model file is cut off; copy it again");
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag % 8;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) throw new Error("the model file is cut off; copy it again");
      found.push({ number: Math.floor(tag / 8), bytes: message.subarray(at, at + length) });
      at += length;
    } else throw new Error("the model is not a readable ONNX file");
  }
  return found;
}
