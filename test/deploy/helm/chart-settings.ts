import { describeSetting } from '../../docs/settings-table.js';
import { PROGRAMS } from '../k8s/rules/environment.js';

/** Programs that run all the time, as the chart calls them. */
export const SERVICES = ['api', 'gateway', 'archiver', 'dispatcher'] as const;
export type Service = (typeof SERVICES)[number];

/** Settings that come from the Secret. */
export const SECRET_SETTINGS: readonly string[] = [
  'JWT_SECRET',
  'JWT_ACCEPTED_SECRETS',
  'OPERATOR_TOKEN',
  'DATABASE_URL',
  'REDIS_URL',
  'REDIS_SENTINEL_PASSWORD',
  'BEFORE_PUBLISH_SECRET',
  'WEBHOOK_SECRET_KEYS',
  'SMTP_URL',
];

/** Settings that the chart or the image sets, or that differ from pod to pod. */
const SET = new Set([
  ...['NODE_ENV', 'NODE_ID', 'REVISION', 'PORT', 'OPERATOR_PORT', 'PEER_URL', 'WEB_DIR'],
  ...['DATABASE', 'REDIS'].flatMap((server) => ['CA', 'CERT', 'KEY'].map((file) => `${server}_${file}_FILE`)),
]);

/** Names of the settings of a program that `config` of the chart may have, sorted. */
export function settingNames(service: Service): string[] {
  return Object.keys(PROGRAMS[`chorus-${service}`]?.settings ?? {})
    .filter((name) => !SET.has(name) && !SECRET_SETTINGS.includes(name))
    .sort();
}

/** What `files/settings.yaml` of the chart has to be. */
export function chartSettingsText(): string {
  const lists = SERVICES.map((service) => {
    const lines = settingNames(service).map((name) => `  ${name}: ${defaultOf(service, name)}\n`);
    return `${service}:\n${lines.join('')}`;
  });
  return `# Written by \`pnpm docs\`: the settings that each program reads, and their defaults.\n${lists.join('')}`;
}

/** Default of a setting as text in YAML; empty if it has none or one that depends on the machine. */
function defaultOf(service: Service, name: string): string {
  const [, value = ''] = /^`(.*)`$/.exec(describe(service, name).default) ?? [];
  return JSON.stringify(value);
}

function describe(service: Service, name: string): ReturnType<typeof describeSetting> {
  const schema = PROGRAMS[`chorus-${service}`]?.settings[name];
  if (schema === undefined) throw new Error(`${service} does not read ${name}`);
  return describeSetting(name, schema);
}

/**
 * JSON schema of one setting. YAML reads `off` and `true` without quotes as booleans, so enumerations have booleans where
 * the program accepts those words, and only there.
 */
export function settingSchema(service: Service, name: string): object {
  const allowed = describe(service, name).allowed ?? '';
  const [, from, to] = /^a whole number from (\d+) to (\d+)$/.exec(allowed) ?? [];
  if (from !== undefined) return { type: 'integer', minimum: Number(from), maximum: Number(to) };
  if (allowed.startsWith('a number above 0 and at most 1')) {
    return { type: 'number', exclusiveMinimum: 0, maximum: 1 };
  }
  if (allowed === 'true or false') return { type: 'boolean' };
  const [, words] = /^one of (.+)$/.exec(allowed) ?? [];
  if (words === undefined) return { type: 'string' };
  return {
    enum: words.split(', ').map((word) => (['true', 'false'].includes(word) ? word === 'true' : word)),
  };
}
