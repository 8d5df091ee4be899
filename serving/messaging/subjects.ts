/**
 * The names of the bus, in one place.
 *
 *   slipway.infer.<model>[.<version>]          a request, answered to its reply subject
 *   slipway.async.<model>[.<version>]          a request that is kept (stream SLIPWAY_ASYNC) until its answer is
 *   slipway.result.<model>.<key>               that answer (stream SLIPWAY_RESULT)
 *   slipway.dead.<model>                       a request that nobody could answer (stream SLIPWAY_DEAD)
 *   slipway.events.prediction.<model>          what was asked and answered, as CloudEvents
 *
 * A model is one token of a subject; a version is whatever follows it, so `slipway.infer.loans.2.0.0` asks for version 2.0.0. What a subject
 * cannot hold is written in percent (RFC 3986), and so is whatever is neither a letter, a digit, `-` nor `_`.
 */
export const ASYNC_STREAM = 'SLIPWAY_ASYNC';
export const RESULT_STREAM = 'SLIPWAY_RESULT';
export const DEAD_STREAM = 'SLIPWAY_DEAD';
/** The object store's bucket for what is larger than a message may be. */
export const BUCKET = 'slipway';

export type Way = 'infer' | 'async';

/** Text as one token of a subject, for a consumer's name, and for an object's. */
export function tokenOf(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[.!~*'()]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Both subjects of a model: without a version and with one. */
export function subjectsOf(way: Way, model: string): readonly [string, string] {
  const subject = `slipway.${way}.${tokenOf(model)}`;
  return [subject, `${subject}.>`];
}

/** The model and version that a subject asks for; undefined for a subject of another form. */
export function askedBy(subject: string): { readonly model: string; readonly version: string | undefined } | undefined {
  const [, , model, ...version] = subject.split('.');
  if (model === undefined) return undefined;
  try {
    return {
      model: decodeURIComponent(model),
      version: version.length === 0 ? undefined : decodeURIComponent(version.join('.')),
    };
  } catch {
    return undefined;
  }
}

/**
 * Where the answer to a kept request is published: under the id by which its sender made it unique (`Nats-Msg-Id`), else under `@` and its number in the
 * stream, which the sender was told when it was stored.
 */
export function resultSubject(model: string, messageId: string | undefined, sequence: number): string {
  return `slipway.result.${tokenOf(model)}.${messageId === undefined ? `@${sequence}` : tokenOf(messageId)}`;
}

export function deadSubject(model: string): string {
  return `slipway.dead.${tokenOf(model)}`;
}

export function eventSubject(model: string): string {
  return `slipway.events.prediction.${tokenOf(model)}`;
}
