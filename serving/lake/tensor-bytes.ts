import type { JsonBytes } from './json-bytes.ts';

/** Reads a tensor's little-endian bytes as numbers. */
export interface NumberReader {
  /** Of one element. */
  readonly bytes: number;
  /** False where a value is no exact double. */
  into(target: Float64Array, at: number, source: Buffer, start: number, count: number): boolean;
}

/** For the datatype whose name is the last text that was read; undefined for half precision and text, which the general way reads. */
export function numberReader(json: JsonBytes): NumberReader | undefined {
  return READERS.find(({ name }) => json.textIs(name))?.reader;
}

type Read = (source: Buffer, at: number) => number;

function reader(bytes: number, read: Read): NumberReader {
  return {
    bytes,
    into(target, at, source, start, count) {
      if (!Number.isInteger(count)) return false;
      for (let index = 0; index < count; index++) target[at + index] = read(source, start + index * bytes);
      return true;
    },
  };
}

function longReader(read: (source: Buffer, at: number) => bigint): NumberReader {
  return {
    bytes: 8,
    into(target, at, source, start, count) {
      if (!Number.isInteger(count)) return false;
      for (let index = 0; index < count; index++) {
        const value = Number(read(source, start + index * 8));
        if (!Number.isSafeInteger(value)) return false;
        target[at + index] = value;
      }
      return true;
    },
  };
}

const READERS = [
  { name: Buffer.from('FP32'), reader: reader(4, (source, at) => source.readFloatLE(at)) },
  { name: Buffer.from('FP64'), reader: reader(8, (source, at) => source.readDoubleLE(at)) },
  { name: Buffer.from('INT64'), reader: longReader((source, at) => source.readBigInt64LE(at)) },
  { name: Buffer.from('UINT64'), reader: longReader((source, at) => source.readBigUInt64LE(at)) },
  { name: Buffer.from('INT32'), reader: reader(4, (source, at) => source.readInt32LE(at)) },
  { name: Buffer.from('UINT32'), reader: reader(4, (source, at) => source.readUInt32LE(at)) },
  { name: Buffer.from('INT16'), reader: reader(2, (source, at) => source.readInt16LE(at)) },
  { name: Buffer.from('UINT16'), reader: reader(2, (source, at) => source.readUInt16LE(at)) },
  { name: Buffer.from('INT8'), reader: reader(1, (source, at) => source.readInt8(at)) },
  { name: Buffer.from('UINT8'), reader: reader(1, (source, at) => source.readUInt8(at)) },
  { name: Buffer.from('BOOL'), reader: reader(1, (source, at) => source.readUInt8(at)) },
] as const;
