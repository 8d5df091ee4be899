/** JSON pointers (RFC 6901), and the dotted form that people read. */
export function pointerOf(segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function segmentsOf(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function parentOf(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')));
}

/** `/evaluation/metrics/0/margin` → `evaluation.metrics[0].margin`; a name that is no plain word is quoted. */
export function dottedOf(pointer: string): string {
  const text = segmentsOf(pointer)
    .map((segment) => {
      if (/^\d+$/.test(segment)) return `[${segment}]`;
      return /^[\w-]+$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
    })
    .join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

/** The part of a finding's id that names a value: `/evaluation/metrics/0/margin` → `evaluation.metrics.0.margin`. */
export function idOf(pointer: string): string {
  return segmentsOf(pointer).join('.');
}
