import { describe, expect, it } from 'vitest';
import { type LogFlags, bucketAccessOf, logSettingsOf } from './log-settings.ts';

const flags: LogFlags = { log: undefined, spool: undefined, retentionDays: '30', keepHours: '24', spoolGib: '4' };
const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

describe('what is said of the log', () => {
  it('is a folder of the fleet where nothing is said, or the folder that is', () => {
    const none = (): never => {
      throw new Error('nobody asks for credentials');
    };
    expect(logSettingsOf(flags, '/fleet', none)).toEqual({
      folder: '/fleet/predictions',
      retentionMs: 30 * 86_400_000,
    });
    expect(logSettingsOf({ ...flags, log: '/log' }, '/fleet', none).folder).toBe('/log');
  });

  it('may be a bucket, for which segments wait in a folder', () => {
    const access = bucketAccessOf({ ...keys, AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:9000' });
    expect(logSettingsOf({ ...flags, log: 's3://lake/log' }, '/fleet', () => access)).toEqual({
      folder: '/fleet/predictions',
      retentionMs: 30 * 86_400_000,
      upload: {
        bucket: {
          bucket: 'lake',
          prefix: 'log',
          region: 'eu-central-1',
          endpoint: 'http://127.0.0.1:9000',
          credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
        },
        keepMs: 86_400_000,
        spoolLimitBytes: 4 * 2 ** 30,
      },
    });
  });

  it.each([
    [{ log: 'gs://lake' }, keys, /--log must be a folder or s3:/],
    [{ log: 's3://lake' }, {}, /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/],
    [{ log: 's3://lake' }, { ...keys, AWS_ENDPOINT_URL_S3: 'minio:9000' }, /must be a URL/],
    [{ spool: '/x' }, keys, /--log-spool is for a log in a bucket/],
    [{ retentionDays: 'soon' }, keys, /--retention-days must be a number/],
  ])('is refused where it makes no sense: %j', (more, environment, reason) => {
    expect(() => logSettingsOf({ ...flags, ...more }, '/fleet', () => bucketAccessOf(environment))).toThrow(reason);
  });
});
