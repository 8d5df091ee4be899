/** One line of a JSON lines file, or why it is none. Lines count from 1; empty lines are skipped. */
export type JsonLine =
  | { readonly line: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly line: number; readonly kind: 'refused'; readonly reason: string };

/** Reads JSON lines (one JSON value a line, UTF-8, with or without a byte order mark). */
export function readJsonLines(bytes: Uint8Array): readonly JsonLine[] {
  const text = new TextDecoder('utf-8').decode(bytes);
  const lines: JsonLine[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    if (written.trim() === '') continue;
    lines.push(readLine(index + 1, written));
  }
  return lines;
}

function readLine(line: number, written: string): JsonLine {
  try {
    return { line, kind: 'value', value: JSON.parse(written) };
  } catch (error) {
    return { line, kind: 'refused', reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
