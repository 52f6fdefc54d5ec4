import fc, { type Arbitrary } from 'fast-check';
import { type Document, jsonOf, type Operation, type Schema } from './document.js';
import type { RawRequest } from './raw-request.js';

/** What is often taken for something that it is not. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '0',
  '1e3',
  '-0',
  'null',
  '\0',
  '\u202e',
  '\ud800',
  '\u2028',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '%00',
  '../../etc/passwd',
  'x'.repeat(20_000),
  [],
  {},
  [[]],
  { $ne: '' },
  { toString: 1 },
  { length: -1 },
];

const ODD_TEXTS = ODD_VALUES.filter((value) => typeof value === 'string');

const oddBodies = [
  '',
  ' ',
  '{',
  'null',
  '"text"',
  '[]',
  '{"__proto__":{"name":"x"}}',
  '{"constructor":{"prototype":{}}}',
  '{"id":1e400,"name":"x"}',
  '{"id":-0,"name":"x"}',
  '{"name":"a","name":"b"}',
  '\ufeff{"name":"x"}',
  '['.repeat(20_000),
  `${'{"name":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
  `{"name":"${'x'.repeat(70_000)}"}`,
];

/** Values that a schema allows. */
export function valuesOf(document: Document, schema: Schema): Arbitrary<unknown> {
  const { $ref, anyOf, type, properties } = schema;
  if ($ref !== undefined) {
    const named = document.components.schemas[$ref.replace('#/components/schemas/', '')];
    return valuesOf(document, named ?? {});
  }
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((choice) => valuesOf(document, choice)));
  switch (type) {
    case 'object': {
      const fields = Object.entries(properties ?? {}).map(([name, field]): [string, Arbitrary<unknown>] => [
        name,
        valuesOf(document, field),
      ]);
      const model: Record<string, Arbitrary<unknown>> = Object.fromEntries(fields);
      return fc.record(model, { requiredKeys: [...(schema.required ?? [])] as string[] });
    }
    case 'integer':
      return integersOf(schema);
    case 'string':
      return stringsOf(schema);
    default:
      return fc.jsonValue();
  }
}

function integersOf({ minimum = 0, maximum = 1_000 }: Schema): Arbitrary<number> {
  const small = fc.integer({ min: minimum, max: Math.min(maximum, minimum + 20) });
  return fc.oneof({ weight: 3, arbitrary: small }, fc.integer({ min: minimum, max: maximum }));
}

function stringsOf({ pattern, minLength = 0, maxLength = 100 }: Schema): Arbitrary<string> {
  const allowed = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  const text = fc.string({ unit: 'grapheme', minLength, maxLength });
  // Classes of Unicode are beyond the library; texts of any kind fit them.
  const strings =
    pattern === undefined || pattern.includes('\\p') ? text : fc.stringMatching(new RegExp(pattern));
  return strings.filter((value) => {
    const length = [...value].length;
    return length >= minLength && length <= maxLength && (allowed?.test(value) ?? true);
  });
}

/** Bodies that are almost as they should be: a field is missing, is something else, or is one too many. */
function nearly(valid: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc
    .tuple(
      valid,
      fc.nat(),
      fc.constantFrom('drop', 'replace', 'add'),
      fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue()),
    )
    .map(([value, at, change, odd]) => {
      const entries = Object.entries(value as object);
      const [name = 'name'] = entries[at % Math.max(entries.length, 1)] ?? [];
      if (change === 'drop') return Object.fromEntries(entries.filter(([key]) => key !== name));
      return Object.fromEntries([...entries, [change === 'replace' ? name : `more-${name}`, odd]]);
    });
}

/** Texts for a place in a URL, encoded: mostly what belongs there. */
function urlPart(document: Document, schema: Schema): Arbitrary<string> {
  const valid = valuesOf(document, schema).map((value) => encodeURIComponent(String(value).toWellFormed()));
  const odd = fc
    .oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary', maxLength: 50 }))
    .map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3_000));
  const broken = fc.constantFrom('%', '%zz', '%ff', '%E0%A4%A', '%2f', '%2e%2e', '1%00', '..;', '01', '+1');
  return fc.oneof({ weight: 6, arbitrary: valid }, { weight: 2, arbitrary: odd }, broken);
}

const strangeHeaders: ReadonlyArray<Record<string, string>> = [
  {},
  {},
  {},
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { expect: 'miracles' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'rot13' },
  { accept: 'text/html;q=x,,;' },
  { 'x-request-id': 'x'.repeat(500) },
  { 'x-forwarded-for': "'; DROP TABLE users; --" },
  { 'if-none-match': '*' },
  { range: 'bytes=0-0' },
  { connection: 'close' },
  { 'x-http-method-override': 'DELETE' },
];

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};

const upgradeHeaders: ReadonlyArray<Record<string, string>> = [
  {},
  { origin: 'https://evil.example' },
  UPGRADE,
  { ...UPGRADE, 'sec-websocket-protocol': 'chorus.v1' },
  { ...UPGRADE, 'sec-websocket-protocol': 'soap, chorus.v1, chorus.v2' },
  { ...UPGRADE, 'sec-websocket-protocol': ',,,' },
  { ...UPGRADE, origin: 'null' },
  { ...UPGRADE, 'sec-websocket-key': 'x' },
];

const CONTENT_TYPES = [
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/json; charset=utf-16',
  'application/json;;;',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/vnd.api+json',
  '/',
];

const strangeTokens = ['x', 'x.y.z', 'e30.e30.', `${'a'.repeat(4_000)}.b.c`, '%', '"', 'null'];

/** That, or more often nothing. */
function seldom<T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, arbitrary);
}

/**
 * Requests for one operation: valid, nearly valid and wild ones.
 * @param token of somebody who may use it, made when it is asked for
 */
export function requestsFor(
  document: Document,
  operation: Operation,
  token: () => string,
): Arbitrary<RawRequest> {
  const { method, path, parameters = [], requestBody } = operation;
  const opensSockets = '101' in operation.responses;
  const schema = jsonOf(requestBody?.content);
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  const paths = fc.tuple(...inPath.map((parameter) => urlPart(document, parameter.schema))).map((values) =>
    // An empty or dotted part would be another path.
    inPath.reduce((text, { name }, at) => text.replace(`{${name}}`, () => values[at] || '0'), path),
  );
  const queries = fc
    .tuple(
      ...inQuery.map(({ name, schema: values }) =>
        // Few of them at once, or hardly any request would be a good one.
        seldom(urlPart(document, values).map((value) => `${name}=${value}`)),
      ),
      seldom(
        fc.constantFrom('x=1', '&&', 'a[]=1&a[b]=2', '__proto__=1', `x=${'y'.repeat(5_000)}`, '?', '%ff=%ff'),
      ),
    )
    .map((parts) => parts.filter((part) => part !== undefined).join('&'));
  const bodies: Arbitrary<string | Uint8Array | undefined> =
    schema === undefined
      ? seldom(fc.constantFrom(...oddBodies.slice(0, 8)))
      : fc.oneof(
          { weight: 5, arbitrary: valuesOf(document, schema).map((value) => JSON.stringify(value)) },
          { weight: 5, arbitrary: nearly(valuesOf(document, schema)).map((value) => JSON.stringify(value)) },
          { weight: 2, arbitrary: fc.json({ maxDepth: 8 }) },
          { weight: 2, arbitrary: fc.constantFrom(...oddBodies) },
          fc.uint8Array({ maxLength: 200 }),
        );
  const senders = fc.oneof(
    { weight: 8, arbitrary: fc.constant('good') },
    fc.constantFrom('none', ...strangeTokens),
  );
  return fc
    .record({
      path: paths,
      query: queries,
      // What comes after a request for a socket is the socket's.
      body: opensSockets ? fc.constant(undefined) : bodies,
      sender: senders,
      bearer: fc.boolean(),
      type: fc.oneof(
        { weight: 8, arbitrary: fc.constant('application/json') },
        fc.constantFrom(...CONTENT_TYPES),
      ),
      strange: opensSockets ? fc.constantFrom(...upgradeHeaders) : fc.constantFrom(...strangeHeaders),
    })
    .map(({ path: place, query, body, sender, bearer, type, strange }) => ({
      method,
      path: query === '' ? place : `${place}?${query}`,
      headers: {
        ...strange,
        ...(sender === 'none' ? {} : credentials(sender === 'good' ? token() : sender, bearer)),
        ...(body === undefined
          ? {}
          : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
      },
      body,
    }));
}

function credentials(token: string, bearer: boolean): Record<string, string> {
  return bearer ? { authorization: `Bearer ${token}` } : { cookie: `a=b; jwt=${token}` };
}
