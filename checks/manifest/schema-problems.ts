import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { nearestOf } from './nearest.ts';
import { dottedOf, idOf, pointerOf } from './pointer.ts';
import type { Problem } from './problem.ts';
import {
  isMapping,
  propertiesOf,
  recordOf,
  resolveReference,
  type Schema,
  type SchemaName,
  schemas,
} from './schemas.ts';
import type { YamlDocument } from './yaml-document.ts';

/** A JSON Schema's refusals as sentences for people: what, the value found, what was expected; every one at once. */

const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, strictRequired: false });
ajv.addKeyword({ keyword: 'x-expected', schemaType: 'string' });
ajv.addFormat('date', isDate);
ajv.addSchema(schemas.model, 'model.schema.json');

const compiled: Readonly<Record<SchemaName, ValidateFunction>> = {
  model: ajv.compile({ $ref: 'model.schema.json' }),
  policy: ajv.compile(schemas.policy),
  report: ajv.compile(schemas.report),
};

/** ISO 8601 calendar dates that exist: 2027-02-30 does not. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Every way in which the document differs from the schema, in the order of the file. */
export function schemaProblems(name: SchemaName, document: YamlDocument, check: string): readonly Problem[] {
  const validate = compiled[name];
  if (validate(document.value)) return [];
  const problems = decisiveErrors(validate.errors ?? []).map((error) => problemOf(error, document, check));
  const unique = new Map(problems.map((problem) => [`${problem.pointer} ${problem.reason}`, problem]));
  return [...unique.values()].toSorted(
    (a, b) => (a.at.line ?? 0) - (b.at.line ?? 0) || (a.at.column ?? 0) - (b.at.column ?? 0),
  );
}

/** The same of a value that was not read from a file: sentences without places. */
export function schemaProblemsOf(name: SchemaName, value: unknown): readonly string[] {
  const nowhere = { file: '' };
  const document: YamlDocument = {
    kind: 'read',
    value,
    place: () => nowhere,
    keyPlace: () => nowhere,
    written: () => undefined,
  };
  return schemaProblems(name, document, name).map(({ reason }) => reason);
}

/**
 * Of a choice (`anyOf`, `oneOf`) that nothing matched: when the value is a mapping and one branch is for mappings, that
 * branch's complaints tell more than "none of these"; else the choice's own sentence does.
 */
function decisiveErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  return errors.filter((error) => {
    if (error.keyword === 'propertyNames') return false;
    if (choices.includes(error)) return !isMapping(error.data) || !hasInnerComplaint(error, errors);
    const choice = choices.find((outer) => isWithin(error, outer));
    if (choice === undefined) return true;
    return (
      choice.instancePath !== error.instancePath || (isMapping(choice.data) && error.keyword === 'additionalProperties')
    );
  });
}

function isWithin(error: ErrorObject, choice: ErrorObject): boolean {
  if (error.instancePath.startsWith(`${choice.instancePath}/`)) return true;
  return error.instancePath === choice.instancePath && error.schemaPath.startsWith(`${choice.schemaPath}/`);
}

function hasInnerComplaint(choice: ErrorObject, errors: readonly ErrorObject[]): boolean {
  return errors.some(
    (error) =>
      error !== choice &&
      isWithin(error, choice) &&
      (error.instancePath !== choice.instancePath || error.keyword === 'additionalProperties'),
  );
}

function problemOf(error: ErrorObject, document: YamlDocument, check: string): Problem {
  const unknownKey = unknownKeyOf(error);
  const pointer = unknownKey === undefined ? error.instancePath : error.instancePath + pointerOf([unknownKey.key]);
  const id = pointer === '' ? `${check}/schema` : `${check}/schema/${idOf(pointer)}`;
  const where = dottedOf(error.instancePath) || 'the document';
  if (unknownKey !== undefined) {
    const { key, known } = unknownKey;
    const nearest = nearestOf(key, known);
    return {
      id,
      reason: `${where} has the unknown key ${key}; known: ${known.join(', ')}`,
      at: document.keyPlace(pointer),
      pointer,
      found: key,
      expected: `one of ${known.join(', ')}`,
      ...(nearest === undefined ? {} : { next: `did you mean ${nearest}?` }),
    };
  }
  const absent = absentKeyOf(error);
  if (absent !== undefined) {
    const missing = pointer + pointerOf([absent]);
    const expected = `${absent} to be there${error.keyword === 'dependentRequired' ? ` beside ${textOf(error.params['property'])}` : ''}`;
    return {
      id: `${check}/schema/${idOf(missing)}`,
      reason: `${dottedOf(missing)} is missing; expected ${describe(propertiesOf(recordOf(error.parentSchema))[absent] ?? {})}`,
      at: document.place(pointer),
      pointer: missing,
      found: 'nothing',
      expected,
    };
  }
  const expected = expectationOf(error);
  const found = foundText(error.data, document.written(pointer));
  const next = nextOf(error, document.written(pointer));
  return {
    id,
    reason: `${where} is ${found}; expected ${expected}`,
    at: document.place(pointer),
    pointer,
    found,
    expected,
    ...(next === undefined ? {} : { next }),
  };
}

function unknownKeyOf(error: ErrorObject): { readonly key: string; readonly known: readonly string[] } | undefined {
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys(recordOf(error.parentSchema?.['properties']));
    return { key: textOf(error.params['additionalProperty']), known };
  }
  // propertyNames: the error inside carries the name that was refused.
  if (error.propertyName !== undefined && error.keyword === 'enum') {
    return { key: error.propertyName, known: namesOf(error.params['allowedValues']) };
  }
  return undefined;
}

function absentKeyOf(error: ErrorObject): string | undefined {
  if (error.keyword === 'required' || error.keyword === 'dependentRequired')
    return textOf(error.params['missingProperty']);
  return undefined;
}

/** What this refused value should have been, from the schema beside the refusal. */
function expectationOf(error: ErrorObject): string {
  const { keyword, params } = error;
  const schema = recordOf(error.parentSchema);
  if (keyword === 'oneOf' && Array.isArray(schema['oneOf'])) {
    const keys = schema['oneOf'].flatMap((branch) => namesOf(recordOf(branch)['required']));
    if (keys.length > 0) return `exactly one of ${keys.join(', ')}`;
  }
  if (keyword === 'uniqueItems') return `no value twice (${textOf(params['i'])} and ${textOf(params['j'])} are equal)`;
  return describe(schema);
}

/** A schema in words: `a number of at least 0`. */
export function describe(unresolved: Schema): string {
  const schema = resolveReference(unresolved);
  const words = schema['x-expected'];
  if (typeof words === 'string') return words;
  if ('const' in schema) return textOf(schema['const']);
  if (Array.isArray(schema['enum'])) return `one of ${schema['enum'].map(textOf).join(', ')}`;
  const type = schema['type'];
  if (Array.isArray(type)) return type.map((one) => typeWords(textOf(one))).join(' or ');
  if (type === 'number' || type === 'integer') return typeWords(type) + boundsWords(schema);
  if (type === 'string' && schema['format'] === 'date') return 'a date such as 2027-03-01';
  if (type === 'string' && schema['maxLength'] !== undefined)
    return `a text of at most ${textOf(schema['maxLength'])} characters`;
  if (type === 'string' && schema['minLength'] === 1) return 'a text that is not empty';
  if (type === 'array') return listWords(schema);
  if (type === 'object') return objectWords(schema);
  return typeof type === 'string' ? typeWords(type) : 'another value';
}

function typeWords(type: string): string {
  const words: Readonly<Record<string, string>> = {
    number: 'a number',
    integer: 'a whole number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping',
    null: 'nothing',
  };
  return words[type] ?? type;
}

function boundsWords(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const lower =
    minimum !== undefined
      ? `at least ${textOf(minimum)}`
      : exclusiveMinimum !== undefined
        ? `above ${textOf(exclusiveMinimum)}`
        : undefined;
  const upper =
    maximum !== undefined
      ? `at most ${textOf(maximum)}`
      : exclusiveMaximum !== undefined
        ? `below ${textOf(exclusiveMaximum)}`
        : undefined;
  const bounds = [lower, upper].filter((bound) => bound !== undefined).join(' and ');
  if (bounds === '') return '';
  return bounds.startsWith('at') ? ` of ${bounds}` : ` ${bounds}`;
}

function listWords(schema: Schema): string {
  const items = resolveReference(recordOf(schema['items']));
  const least = schema['minItems'] === undefined ? '' : ` with at least ${textOf(schema['minItems'])}`;
  const of = 'type' in items || 'x-expected' in items ? ` (each ${describe(items)})` : '';
  return `a list${least}${of}`;
}

function objectWords(schema: Schema): string {
  const keys = Object.keys(recordOf(schema['properties']));
  if (keys.length === 0 && schema['minProperties'] !== undefined)
    return `a mapping with at least ${textOf(schema['minProperties'])} key`;
  return keys.length === 0 ? 'a mapping' : `a mapping with ${keys.join(', ')}`;
}

const longestQuoteCharacters = 60;

/** `"0.005x" (text)`, `1.0 (number)`, `a list of 3`. */
export function foundText(value: unknown, written?: string): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isMapping(value)) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty mapping' : `a mapping with ${shortened(keys.join(', '))}`;
  }
  if (typeof value === 'string') return `${JSON.stringify(shortened(value))} (text)`;
  if (typeof value === 'number') return `${written ?? textOf(value)} (number)`;
  return `${textOf(value)} (true or false)`;
}

function shortened(text: string): string {
  return text.length <= longestQuoteCharacters ? text : `${text.slice(0, longestQuoteCharacters)}…`;
}

/** YAML reads `1.0`, `true` and digits as numbers and truth values where a text is meant: say how to write it. */
function nextOf(error: ErrorObject, written: string | undefined): string | undefined {
  const wantsText = error.keyword === 'type' && textOf(error.params['type']).includes('string');
  const isScalarValue = typeof error.data === 'number' || typeof error.data === 'boolean';
  const pattern = recordOf(error.parentSchema)['pattern'];
  const isRightWhenQuoted = typeof pattern !== 'string' || new RegExp(pattern, 'u').test(written ?? '');
  if (wantsText && isScalarValue && isRightWhenQuoted)
    return `YAML reads it as a ${typeof error.data === 'number' ? 'number' : 'truth value'}: quote it, "${written ?? textOf(error.data)}"`;
  if (error.keyword === 'enum' && typeof error.data === 'string') {
    const nearest = nearestOf(error.data, namesOf(error.params['allowedValues']));
    return nearest === undefined ? undefined : `did you mean ${nearest}?`;
  }
  if (error.keyword === 'pattern' && typeof error.data === 'string' && /^sha256:[0-9a-f]{64}$/i.test(error.data))
    return 'leave out sha256:';
  return undefined;
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
