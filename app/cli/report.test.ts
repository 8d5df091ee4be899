import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { blockedReport } from '../dashboard/sample-views.ts';
import { main } from './slipway.ts';

describe('slipway report', () => {
  let folder = '';
  const at = (name: string): string => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-report-'));
    writeFileSync(at('result.json'), JSON.stringify(blockedReport));
    writeFileSync(at('broken.json'), '{"model": 3}');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('writes every format that is asked for, in one go, and is done and good whatever the report says', async () => {
    const files = {
      html: '<!doctype html>',
      markdown: '## income',
      junit: '<?xml',
      card: '# income',
      bom: '"CycloneDX"',
    };
    const options = Object.keys(files).flatMap((option) => [`--${option}`, at(`deep/${option}`)]);
    expect(await main(['report', at('result.json'), '--quiet', ...options])).toBe(0);
    for (const [option, words] of Object.entries(files))
      expect(readFileSync(at(`deep/${option}`), 'utf8')).toContain(words);
  });

  test.each([
    [64, [], 'which report?'],
    [64, ['absent.json'], 'there is no such file'],
    [64, ['result.json', 'broken.json'], 'one file was expected'],
    [64, ['.'], 'is no file'],
    [2, ['broken.json'], 'model is 3 (number)'],
  ])('exit status %d for %j, with what was expected', async (status, names, words) => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(await main(['report', ...names.map(at)])).toBe(status);
      expect(told.mock.calls.join('')).toContain(words);
    } finally {
      told.mockRestore();
    }
  });
});
