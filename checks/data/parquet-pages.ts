import type { ColumnMetaData, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { codecs } from './parquet-codecs.ts';
import { readRuns } from './parquet-runs.ts';

/** One page of a flat column, unpacked. */
export interface Page {
  readonly kind: 'dictionary' | 'data';
  readonly encoding: string;
  /** Rows of a data page, missing ones included; values of a dictionary. */
  readonly rows: number;
  /** 1 where the row has a value; left out where every row has. */
  readonly defined?: Uint8Array;
  /** How many values the bytes hold. */
  readonly values: number;
  readonly bytes: Uint8Array;
}

/** A page beyond this is no page that anybody writes (a megabyte is usual), and no reason to ask for so much memory. */
const MOST_PAGE_BYTES = 2 ** 30;

/** The pages of one column chunk, in order. Throws, saying what, where they cannot be read. `isOptional`: the column may miss values. */
export function* pagesOf(chunk: Uint8Array, { codec }: ColumnMetaData, isOptional: boolean): Generator<Page> {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 };
  while (reader.offset < chunk.length) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
    if (!(packed >= 0 && packed <= chunk.length - reader.offset))
      throw new Error(`a page claims ${packed} bytes, ${chunk.length - reader.offset} are left`);
    if (!(unpacked >= 0 && unpacked <= MOST_PAGE_BYTES))
      throw new Error(`a page claims to unpack to ${unpacked} bytes`);
    const bytes = chunk.subarray(reader.offset, reader.offset + packed);
    reader.offset += packed;
    const page = pageOf(header, bytes, codec, isOptional);
    if (page !== undefined) yield page;
  }
}

function pageOf(header: PageHeader, packed: Uint8Array, codec: ColumnMetaData['codec'], isOptional: boolean) {
  const { dictionary_page_header: dictionary, data_page_header: first, data_page_header_v2: second } = header;
  const unpack = (bytes: Uint8Array, sizeBytes: number) => decompressPage(bytes, sizeBytes, codec, codecs);
  if (dictionary !== undefined) {
    const bytes = unpack(packed, header.uncompressed_page_size);
    return dataOf('dictionary', dictionary.encoding, dictionary.num_values, bytes);
  }
  if (first !== undefined) {
    const bytes = unpack(packed, header.uncompressed_page_size);
    const { encoding, num_values: rows } = first;
    if (!isOptional) return dataOf('data', encoding, rows, bytes);
    const sizeBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
    return dataOf('data', encoding, rows, bytes.subarray(4 + sizeBytes), bytes.subarray(4, 4 + sizeBytes));
  }
  if (second === undefined) return undefined;
  const levels = second.definition_levels_byte_length;
  const before = second.repetition_levels_byte_length + levels;
  const body = packed.subarray(before);
  const bytes = second.is_compressed === false ? body : unpack(body, header.uncompressed_page_size - before);
  const defined = isOptional ? packed.subarray(before - levels, before) : undefined;
  return dataOf('data', second.encoding, second.num_values, bytes, defined);
}

/** `levels` say which rows have a value: runs of single bits. */
function dataOf(kind: Page['kind'], encoding: string, rows: number, bytes: Uint8Array, levels?: Uint8Array): Page {
  if (!(rows >= 0)) throw new Error(`a page claims ${rows} rows`);
  if (levels === undefined) return { kind, encoding, rows, values: rows, bytes };
  const defined = new Uint8Array(rows);
  readRuns(levels, 0, 1, defined);
  let values = 0;
  for (let row = 0; row < rows; row++) values += defined[row] ?? 0;
  return { kind, encoding, rows, values, bytes, ...(values === rows ? {} : { defined }) };
}
