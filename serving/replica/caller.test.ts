import { expect, it } from 'vitest';
import { isBearer } from './caller.ts';

it.each([
  ['Bearer sesame', true],
  ['bearer sesame', true],
  ['BEARER sesame', true],
  ['Bearer Sesame', false],
  ['Bearer sesame ', false],
  ['Bearer  sesame', false],
  ['Bearer sesam', false],
  ['Basic sesame', false],
  ['sesame', false],
  ['Bearer ', false],
  ['', false],
  [undefined, false],
])('authorization: %s shows the token "sesame": %s', (header, shows) => {
  expect(isBearer(header, 'sesame')).toBe(shows);
});
