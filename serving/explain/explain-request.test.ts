import { describe, expect, it } from 'vitest';
import { parseExplainPrediction, parseExplainRequest } from './explain-request.ts';

const query = (text: string) => new URLSearchParams(text);

describe('what is asked of :explain', () => {
  it('is rows, and what is wanted of them', () => {
    expect(
      parseExplainRequest('{"instances": [{"age": 1}], "columns": ["age"], "budgetMs": 50, "class": "b"}'),
    ).toEqual({
      instances: [{ age: 1 }],
      columns: ['age'],
      budgetMs: 50,
      ofClass: 'b',
    });
    expect(parseExplainRequest('{"instances": [{}]}').budgetMs).toBe(200);
  });

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'must be an object, found a list of 0'],
    ['{}', 'must be {"instances"'],
    ['{"instances": []}', 'with one row at least'],
    ['{"instances": [3]}', 'instances[0] must be an object of column names and values, found number 3'],
    [JSON.stringify({ instances: Array.from({ length: 17 }, () => ({})) }), 'at most 16 rows'],
    ['{"instances": [{}], "budget": 1}', 'the request holds "budget"; known: instances, columns, budgetMs, class'],
    ['{"instances": [{}], "budgetMs": 0}', 'budgetMs must be a number of milliseconds up to 10000, found number 0'],
    ['{"instances": [{}], "budgetMs": 10001}', 'found number 10001'],
    ['{"instances": [{}], "budgetMs": null}', 'found null'],
    ['{"instances": [{}], "columns": []}', 'columns must be a list of column names'],
    ['{"instances": [{}], "class": {}}', 'class must be a number or text, found an object'],
  ])('is refused: %s', (body, reason) => {
    expect(() => parseExplainRequest(body)).toThrow(reason);
  });
});

describe('what is asked of a recorded prediction', () => {
  it('stands in the query of a GET, or in the body of a POST', () => {
    const wish = { row: 2, columns: ['age', 'income'], budgetMs: 1000, ofClass: 'b' };
    expect(parseExplainPrediction(query('row=2&columns=age,income&budgetMs=1000&class=b'), '')).toEqual(wish);
    const body = '{"row": 2, "columns": ["age", "income"], "budgetMs": 1000, "class": "b"}';
    expect(parseExplainPrediction(query(''), body)).toEqual(wish);
    expect(parseExplainPrediction(query(''), '')).toEqual({ row: 0, budgetMs: 200 });
  });

  it.each([
    ['row=-1', 'row must be a whole number from 0'],
    ['row=first', 'row must be a whole number from 0'],
    ['row=', 'row must be a whole number from 0'],
    ['budgetMs=many', 'budgetMs must be a number'],
    ['token=secret', 'the request holds "token"; known: row, columns, budgetMs, class'],
  ])('is refused: ?%s', (text, reason) => {
    expect(() => parseExplainPrediction(query(text), '')).toThrow(reason);
  });
});
