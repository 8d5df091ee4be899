const PARQUET_MAGIC = 'PAR1';

/** How files that are no table begin (latin1), and what to do about each. */
const OTHER_FORMATS: readonly (readonly [start: string, says: string])[] = [
  ['version https://git-lfs', 'this is a Git LFS pointer, not the data it points to'],
  ['\u001f\u008b', 'a gzip file: unpack it, or write Parquet'],
  ['PK\u0003\u0004', 'a ZIP archive (an .xlsx workbook is one): unpack it, or save it as CSV'],
  ['\u0028\u00b5\u002f\u00fd', 'a zstd file: unpack it, or write Parquet'],
  ['BZh', 'a bzip2 file: unpack it, or write Parquet'],
  ['\u00fd7zXZ', 'an xz file: unpack it, or write Parquet'],
  ['ARROW1', 'an Arrow (Feather) file: write Parquet'],
  ['Obj\u0001', 'an Avro file: write Parquet'],
  ['ORC', 'an ORC file: write Parquet'],
  ['\u0089HDF', 'an HDF5 file: write Parquet'],
  ['\u0093NUMPY', 'a NumPy file: write Parquet'],
  ['SQLite format 3\u0000', 'an SQLite database: write the table as Parquet'],
  ['PARE', 'an encrypted Parquet file: write it without encryption'],
  ['\u00ff\u00fe', 'not UTF-8 text (UTF-16): write the file as UTF-8'],
  ['\u00fe\u00ff', 'not UTF-8 text (UTF-16): write the file as UTF-8'],
];

export function isParquet(head: Uint8Array): boolean {
  return startOf(head, PARQUET_MAGIC.length) === PARQUET_MAGIC;
}

/** Why a file that begins like this is neither Parquet nor CSV; undefined where it may be one of them. */
export function unreadableReason(head: Uint8Array, name: string): string | undefined {
  if (head.length === 0) return 'the file is empty (0 bytes), expected a header and rows';
  if (isParquet(head)) return undefined;
  const known = OTHER_FORMATS.find(([start]) => startOf(head, start.length) === start);
  if (known !== undefined) return known[1];
  return name.toLowerCase().endsWith('.parquet')
    ? `not a Parquet file: it does not start with ${PARQUET_MAGIC}`
    : undefined;
}

function startOf(head: Uint8Array, length: number): string {
  return Buffer.from(head.subarray(0, length)).toString('latin1');
}
