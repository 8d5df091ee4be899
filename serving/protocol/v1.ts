import type { Answer } from '../model/score.ts';
import { parseJson } from './lossless.ts';
import { Refusal, described } from './refusal.ts';

/** `POST /v1/models/{model}:predict`: records by column name, answers by row. */
export interface PredictRequest {
  readonly instances: readonly Readonly<Record<string, unknown>>[];
}

export function parsePredictRequest(text: string): PredictRequest {
  const body = parseJson(text, 'the request body');
  if (!isRecord(body) || !Array.isArray(body['instances']))
    throw new Refusal(400, 'the request body must be {"instances": [{"column": value, …}, …]}');
  const instances: unknown[] = body['instances'];
  for (const [row, instance] of instances.entries())
    if (!isRecord(instance))
      throw new Refusal(
        400,
        `instances[${row}] must be an object of column names and values, found ${described(instance)}`,
      );
  return { instances: instances.filter(isRecord) };
}

/** A score that is not finite is null, and flagged. */
export function predictResponseOf(answer: {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly predictions: readonly (Answer & { readonly flags: readonly string[] })[];
  readonly flags: readonly string[];
}): string {
  return JSON.stringify({
    id: answer.id,
    model: answer.model,
    version: answer.version,
    revision: answer.revision,
    predictions: answer.predictions,
    ...(answer.flags.length === 0 ? {} : { flags: answer.flags }),
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
