import { constants, zstdCompressSync } from 'node:zlib';
import type { ColumnChunk, Encoding, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { LogColumn } from './log-column.ts';
import type { ColumnPage } from './column-page.ts';

/** A column and its page, to be written. */
export interface WrittenColumn extends LogColumn {
  readonly page: ColumnPage;
}

/**
 * A Parquet file of one row group and one page a column: zstd, every column nullable, lists in the standard three levels, data pages of
 * version 1, which every reader knows. Headers and footer are hyparquet-writer's; the pages come as they are, where its general way through
 * them costs more than the compression.
 */
export function parquetFile(columns: readonly WrittenColumn[], rows: number): Uint8Array {
  const writer = new ByteWriter(FIRST_BYTES);
  writer.appendUint32(MAGIC);
  const chunks = columns.map((column) => writeColumn(writer, column));
  const totals = chunks.map(({ meta_data }) => meta_data?.total_uncompressed_size ?? 0n);
  writeMetadata(writer, {
    version: 2,
    created_by: 'slipway',
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(elementsOf)],
    num_rows: BigInt(rows),
    row_groups:
      rows === 0
        ? []
        : [{ columns: chunks, total_byte_size: totals.reduce((sum, size) => sum + size, 0n), num_rows: BigInt(rows) }],
    metadata_length: 0,
  });
  writer.appendUint32(MAGIC);
  return writer.getBytes();
}

/** `PAR1` */
const MAGIC = 0x31524150;
const FIRST_BYTES = 64 * 1024;

/** The fastest level takes a fifth more room than the usual one and a third less time. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

function writeColumn(writer: ByteWriter, column: WrittenColumn): ColumnChunk {
  const { page } = column;
  const start = writer.offset;
  let uncompressed = 0;
  if (page.dictionary !== undefined) {
    const { values, count } = page.dictionary;
    const compressed = zstdCompressSync(values, FAST);
    writePageHeader(writer, {
      type: 'DICTIONARY_PAGE',
      uncompressed_page_size: values.length,
      compressed_page_size: compressed.length,
      dictionary_page_header: { num_values: count, encoding: 'PLAIN' },
    });
    writer.appendBytes(compressed);
    uncompressed += values.length + (writer.offset - start - compressed.length);
  }
  const encoding: Encoding = page.dictionary === undefined ? 'PLAIN' : 'RLE_DICTIONARY';
  const dataStart = writer.offset;
  const bytes = pageBytes(page);
  const compressed = zstdCompressSync(bytes, FAST);
  writePageHeader(writer, {
    type: 'DATA_PAGE',
    uncompressed_page_size: bytes.length,
    compressed_page_size: compressed.length,
    data_page_header: {
      num_values: page.count,
      encoding,
      definition_level_encoding: 'RLE',
      repetition_level_encoding: 'RLE',
    },
  });
  writer.appendBytes(compressed);
  uncompressed += bytes.length + (writer.offset - dataStart - compressed.length);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: physicalOf(column),
      encodings: page.dictionary === undefined ? ['PLAIN', 'RLE'] : ['PLAIN', 'RLE', 'RLE_DICTIONARY'],
      path_in_schema: column.type === 'LIST' ? [column.name, 'list', 'element'] : [column.name],
      codec: 'ZSTD',
      num_values: BigInt(page.count),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(dataStart),
      ...(page.dictionary === undefined ? {} : { dictionary_page_offset: BigInt(start) }),
      statistics: { null_count: BigInt(page.nulls), ...boundsOf(column) },
    },
  };
}

/** Levels, each behind its length, then the values. */
function pageBytes({ repetition, definition, values }: ColumnPage): Uint8Array {
  const parts = repetition === undefined ? [definition] : [repetition, definition];
  const size = parts.reduce((sum, { length }) => sum + 4 + length, values.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  bytes.set(values, at);
  return bytes;
}

/** Readers skip files by these, first of all by time. */
function boundsOf({
  type,
  page: { least, greatest },
}: WrittenColumn): NonNullable<NonNullable<ColumnChunk['meta_data']>['statistics']> {
  if (least === undefined || greatest === undefined) return {};
  if (type === 'TIMESTAMP') return { min_value: new Date(least), max_value: new Date(greatest) };
  if (type === 'INT64') return { min_value: BigInt(least), max_value: BigInt(greatest) };
  // By the specification a bound of zero is written as the zero that lies further out.
  return { min_value: least === 0 ? -0 : least, max_value: greatest === 0 ? 0 : greatest };
}

function physicalOf({ type }: LogColumn): 'INT64' | 'BYTE_ARRAY' | 'INT32' | 'DOUBLE' | 'BOOLEAN' {
  if (type === 'TIMESTAMP') return 'INT64';
  if (type === 'STRING') return 'BYTE_ARRAY';
  return type === 'LIST' ? 'DOUBLE' : type;
}

function elementsOf({ name, type }: LogColumn): readonly SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type) {
    case 'TIMESTAMP':
      return [{ ...optional, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }];
    case 'STRING':
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
    case 'INT32':
    case 'INT64':
    case 'DOUBLE':
    case 'BOOLEAN':
      return [{ ...optional, type }];
    case 'LIST':
      return [
        { ...optional, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
      ];
  }
}
