import { describe, expect, it } from 'vitest';
import { bucketOfUrl } from './bucket.ts';

describe('a bucket’s address', () => {
  it.each([
    ['s3://lake/income/log/', { bucket: 'lake', prefix: 'income/log' }],
    ['s3://lake', { bucket: 'lake', prefix: '' }],
    ['https://lake', undefined],
    ['s3://', undefined],
  ])('%s', (url, expected) => {
    expect(bucketOfUrl(url)).toEqual(expected);
  });
});
