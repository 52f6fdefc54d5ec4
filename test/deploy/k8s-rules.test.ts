import { expect } from 'chai';
import { POD_BREAKS } from './k8s/breaks/pods.js';
import { REFERENCE_BREAKS } from './k8s/breaks/references.js';
import { RENDERINGS } from './k8s/render.js';
import type { Resource } from './k8s/resources.js';
import { RULES } from './k8s/rules.js';
import { loadValidator } from './k8s/validate.js';

type Check = (resources: readonly Resource[]) => string[];

const BREAKS = { ...POD_BREAKS, ...REFERENCE_BREAKS };

describe('the rules for the manifests', function () {
  this.timeout(60_000);
  let whole: readonly Resource[];
  let checks: Readonly<Record<string, Check>>;

  before(async () => {
    whole = await RENDERINGS['overlay prod']();
    checks = { ...RULES, schema: await loadValidator() };
  });

  it('are all put to the test', () => {
    expect(Object.keys(BREAKS).sort()).to.deep.equal(Object.keys(checks).sort());
  });

  for (const [rule, breaks] of Object.entries(BREAKS)) {
    for (const [what, [kind, name], replace, by, says] of breaks) {
      it(`find ${what}`, () => {
        let changed = 0;
        const broken = whole.map((resource) => {
          if (resource.kind !== kind || nameOf(resource) !== name) return resource;
          const text = JSON.stringify(resource);
          const result = text.replace(replace, by);
          if (result !== text) changed++;
          return JSON.parse(result) as Resource;
        });
        expect(changed, 'objects that were broken').to.equal(1);
        expect(checks[rule]?.(broken).join('\n')).to.match(says);
      });
    }
  }
});

/** Without the hash of the content that is in the names of some. */
function nameOf({ kind, metadata }: Resource): string {
  return kind === 'ConfigMap' ? metadata.name.replace(/-[a-z0-9]{10}$/, '') : metadata.name;
}
