import { readFileSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { ASYNCAPI, asyncapi, asyncapiText } from './asyncapi.js';

describe('the AsyncAPI document', () => {
  it('is the one of the schemas (`pnpm docs` writes it)', () => {
    expect(readFileSync(ASYNCAPI, 'utf8')).to.equal(asyncapiText());
  });

  it('is valid', () => {
    // The schema brings the one that it is written in.
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
    formats.default(ajv);
    const schema: object = specs.schemas['3.0.0'];
    const validate = ajv.compile(schema);
    validate(JSON.parse(asyncapiText()));
    expect(validate.errors).to.equal(null);
  });

  it('refers to nothing that it does not have', () => {
    const document = asyncapi();
    const references = [...asyncapiText().matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(references.length).to.be.above(50);
    for (const path of references) {
      let place: unknown = document;
      for (const key of path.split('/')) place = (place as Record<string, unknown> | undefined)?.[key];
      expect(place, path).to.be.an('object');
    }
  });
});
