import { headers } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../protocol/refusal.ts';
import { answerOfError, answerOfReply, callOf, headersOf, natsHeaders } from './message-call.ts';

const asked = (body: string, given: Readonly<Record<string, string>> = {}) => ({
  id: 'id',
  headers: given,
  body: Buffer.from(body),
  at: 1,
  startedAt: 2,
});

describe('a message as a request', () => {
  test('its headers are read however they are written, the last of a name counts', () => {
    const given = headers();
    given.append('X-User', 'ana');
    given.append('x-user', 'ben');
    given.append('TraceParent', '00');
    expect(headersOf({ headers: given })).toEqual({ 'x-user': 'ben', traceparent: '00' });
    expect(headersOf({ headers: undefined })).toEqual({});
  });

  test('is the call that HTTP would have carried', () => {
    expect(callOf('slipway.infer.loans.2.0.0+a', asked('{}', { 'x-user': 'ana' }))).toMatchObject({
      protocol: 'v2',
      model: 'loans',
      version: '2.0.0+a',
      path: '/v2/models/loans/versions/2.0.0%2Ba/infer',
      body: { text: '{}' },
      headers: { 'x-user': 'ana' },
      relayed: false,
    });
  });

  test('is divided into JSON and tensors by its header', () => {
    const { body } = callOf('slipway.infer.loans', asked('{}abcd', { 'inference-header-content-length': '2' }));
    expect(body).toEqual({ text: '{}', tail: Buffer.from('abcd') });
  });

  test.each([
    ['slipway.infer.%E0', {}, 400],
    ['slipway.infer.loans', { 'inference-header-content-length': '7' }, 400],
    ['slipway.infer.loans', { 'inference-header-content-length': '-1' }, 400],
    ['slipway.infer.loans', { 'content-encoding': 'gzip' }, 415],
  ])('%s with %j is refused', (subject, given, status) => {
    let error: unknown;
    try {
      callOf(subject, asked('{}', given));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Refusal);
    expect(error).toMatchObject({ status });
  });
});

describe('an answer as a message', () => {
  const reply = { revision: 'sha256:1', version: '1.0.0', flags: [], rows: 1 };

  test('says who gave it, and takes the trace along', () => {
    const answer = answerOfReply({ ...reply, body: () => ({ text: '{}' }) }, asked('', { traceparent: '00' }));
    expect(answer.headers).toEqual({
      'x-slipway-id': 'id',
      'x-slipway-revision': 'sha256:1',
      'x-slipway-model-version': '1.0.0',
      traceparent: '00',
    });
    expect(answer.body.toString()).toBe('{}');
  });

  test('with tensors says how much of it is JSON', () => {
    const answer = answerOfReply(
      { ...reply, body: () => ({ text: '{"ö":1}', tail: [Uint8Array.of(1, 2)] }) },
      asked(''),
    );
    expect(answer.headers['inference-header-content-length']).toBe('8');
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.body.length).toBe(10);
  });

  test('that is a refusal has the headers of NATS services on one line each, and all of it in its body', () => {
    const answer = answerOfError(new Refusal(429, 'too\r\nmany', { retryAfterSeconds: 1, unservable: true }), 'id');
    expect(answer.headers).toEqual({
      'Nats-Service-Error': 'too many',
      'Nats-Service-Error-Code': '429',
      'x-slipway-id': 'id',
      'retry-after': '1',
      'x-slipway-unservable': 'true',
    });
    expect(JSON.parse(answer.body.toString())).toEqual({ error: 'too\r\nmany' });
    expect(natsHeaders(answer.headers).get('Nats-Service-Error')).toBe('too many');
  });

  test('that is any other error is a 500', () => {
    expect(answerOfError(new Error('broken'), undefined).headers).toEqual({
      'Nats-Service-Error': 'broken',
      'Nats-Service-Error-Code': '500',
    });
  });
});
