import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Document, jsonOf, type Operation, operationsOf, responseOf, type Schema } from './document.js';

/** A request and what was answered. */
export interface Exchange {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  /** As it came. */
  readonly text: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Codes of what never becomes a request, whatever its path. */
const UNREAD = /"code":"(invalid_request|request_timeout|headers_too_large)"/;

/** Holds what a running service answers against its document. */
export class AnswerCheck {
  /** What was answered so far: operation and status. */
  readonly seen = new Set<string>();
  readonly operations: readonly Operation[];
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #patterns: ReadonlyArray<{ readonly path: string; readonly pattern: RegExp }>;

  constructor(private readonly document: Document) {
    this.operations = operationsOf(document);
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: 'document', components: closed(document.components) });
    this.#patterns = Object.keys(document.paths).map((path) => ({
      path,
      // The router takes a slash at the end as nothing, and is not particular about letters.
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i'),
    }));
  }

  /** What the document says that does not answer like this; undefined when all is as it says. */
  problemOf(exchange: Exchange): string | undefined {
    const { method, status } = exchange;
    const problem = this.#problemOf(exchange);
    return problem && `${method} ${exchange.path.slice(0, 200)} was answered with ${status}: ${problem}`;
  }

  /** The operation that a request is for. */
  operationFor(method: string, path: string): Operation | undefined {
    const [bare = ''] = path.split('?');
    const found = this.#patterns.find(({ pattern }) => pattern.test(bare))?.path;
    const asked = method === 'HEAD' ? 'GET' : method;
    return this.operations.find((operation) => operation.path === found && operation.method === asked);
  }

  #problemOf({ method, path, status, headers, text }: Exchange): string | undefined {
    const operation = this.operationFor(method, path);
    const unread = status >= 400 && UNREAD.test(text);
    if (status >= 400 && method !== 'HEAD' && (operation === undefined || unread)) {
      const problem = this.#mismatch({ $ref: '#/components/schemas/Error' }, headers, text);
      if (problem !== undefined) return problem;
    }
    if (operation === undefined) {
      if (method === 'OPTIONS') return undefined;
      // 400: a path that is not validly encoded, or no HTTP at all.
      return [400, 404, 405, 431].includes(status) ? undefined : 'no operation is documented there';
    }
    const response = responseOf(this.document, operation, status);
    if (response === undefined) return `${operation.operationId} is not documented to answer that`;
    this.seen.add(`${operation.operationId} ${status}`);
    if (method === 'HEAD' || unread) return undefined;
    for (const name of status >= 400 ? Object.keys(response.headers ?? {}) : []) {
      if (!headers.has(name)) return `${name} is missing`;
    }
    const schema = jsonOf(response.content);
    if (schema !== undefined) return this.#mismatch(schema, headers, text);
    return text === '' ? undefined : 'no body is documented';
  }

  #mismatch(schema: Schema, headers: Headers, text: string): string | undefined {
    const type = headers.get('content-type');
    if (type !== JSON_TYPE) return `its type is ${type}`;
    const validate = this.#compiled(schema);
    return validate(JSON.parse(text))
      ? undefined
      : `${this.#ajv.errorsText(validate.errors)}: ${text.slice(0, 500)}`;
  }

  #compiled(schema: Schema) {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    const validate = this.#validators.get(text) ?? this.#ajv.compile(JSON.parse(text));
    this.#validators.set(text, validate);
    return validate;
  }
}

/** The same with every object's fields being all that it may have: none is added without being documented. */
function closed<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(closed) as T;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  const isObject = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return (isObject ? { ...copy, additionalProperties: false } : copy) as T;
}
