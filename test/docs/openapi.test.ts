import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openapi } from '@chorus/api';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { root } from '../support/root.js';
import { OPENAPI, openapiText } from './openapi.js';

describe('the OpenAPI document', () => {
  const document = openapi();
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      path,
      operation: operation as {
        operationId: string;
        parameters?: Array<{ name: string; in: string }>;
        responses: Record<string, unknown>;
      },
    })),
  );

  it('is the one of the routes (`pnpm docs` writes it)', () => {
    expect(readFileSync(OPENAPI, 'utf8')).to.equal(openapiText());
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(openapiText()));
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
    expect(validator.version).to.equal('3.1');
  });

  it('refers to nothing that it does not have', () => {
    const references = [...openapiText().matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(references.length).to.be.above(50);
    for (const path of references) {
      let place: unknown = document;
      for (const key of path.split('/')) place = (place as Record<string, unknown> | undefined)?.[key];
      expect(place, path).to.be.an('object');
    }
  });

  it('names each operation differently, and each parameter of its path', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { route, path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(
        declared.map(({ name }) => name),
        route,
      ).to.deep.equal(inPath);
    }
  });

  describe('and the page about the API', () => {
    const page = readFileSync(join(root, 'docs/reference/api.md'), 'utf8');

    it('have the same routes', () => {
      const rows = [...page.matchAll(/^\| (`(?:GET|POST|PUT|PATCH|DELETE) .*?) \|/gm)].map(
        ([, cell]) => cell ?? '',
      );
      const routes = rows.flatMap((cell) =>
        [...cell.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => route ?? ''),
      );
      expect(routes.map((route) => route.replaceAll(/:(\w+)/g, '{$1}'))).to.have.members(
        operations.filter(({ operation }) => !('101' in operation.responses)).map(({ route }) => route),
      );
    });

    it('have the same statuses of failures', () => {
      const rows = [...page.matchAll(/^\| (\d{3}) \|/gm)].map(([, status]) => status);
      const documented = operations
        .filter(({ operation }) => !('101' in operation.responses))
        .flatMap(({ operation }) => Object.keys(operation.responses));
      // Of no operation: a bug, unsupported methods, and answers of the balancer for processes that do not answer.
      const others = ['405', '500', '501', '502', '504'];
      expect([...new Set(rows)]).to.have.members([
        ...new Set([...documented.filter((status) => status >= '400'), ...others]),
      ]);
    });
  });
});
