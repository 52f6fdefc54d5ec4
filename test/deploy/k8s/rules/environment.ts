import { apiSettings, loadApiConfig, loadStoreConfig, storeSettings } from '@chorus/api';
import { archiverSettings, loadArchiverConfig } from '@chorus/archiver';
import { databaseUrlSettings } from '@chorus/database';
import { dispatcherSettings, loadDispatcherConfig } from '@chorus/dispatcher';
import { gatewaySettings, loadGatewayConfig } from '@chorus/gateway';
import type { Environment, Settings } from '@chorus/service';
import { z } from 'zod';
import { allContainers, type Container, type EnvVar, type Resource, workloads } from '../resources.js';

interface Program {
  readonly settings: Settings;
  /** @throws what is wrong with a value */
  load(env: Environment): unknown;
}

/** By image: what it reads. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  'chorus-api': {
    settings: { ...apiSettings, ...storeSettings },
    load: (env) => [loadApiConfig(env), loadStoreConfig(env)],
  },
  'chorus-gateway': { settings: gatewaySettings, load: loadGatewayConfig },
  'chorus-archiver': { settings: archiverSettings, load: loadArchiverConfig },
  'chorus-dispatcher': { settings: dispatcherSettings, load: loadDispatcherConfig },
  'chorus-migrate': { settings: databaseUrlSettings, load: () => undefined },
};

/** Variables that Node.js itself reads. */
const NODE_VARIABLES = new Set(['NODE_EXTRA_CA_CERTS']);

const SECRETS = 'chorus-secrets';
const EXAMPLES: Readonly<Record<string, string>> = {
  JWT_SECRET: 'an example of a secret, long enough for production',
  JWT_ACCEPTED_SECRETS: 'another-example-of-a-secret-long-enough-for-production',
  BEFORE_PUBLISH_SECRET: `whsec_${'k8s+'.repeat(8)}`,
  WEBHOOK_SECRET_KEYS: Buffer.alloc(32, 'k8s').toString('base64'),
  // None: with one, MAIL_FROM is required, which is no secret.
  SMTP_URL: '',
  REDIS_SENTINEL_PASSWORD: 'an-example-of-a-password',
  OPERATOR_TOKEN: 'an-example-of-a-token-long-enough-for-production',
  DATABASE_URL: 'postgresql://chorus:secret@db.internal:5432/chorus',
  // With Sentinels, as REDIS_SENTINEL_PASSWORD is refused without.
  REDIS_URL: 'rediss+sentinel://:secret@sentinel.internal:26379/chorus',
};

/** Examples of fields of a pod. */
const FIELDS: Readonly<Record<string, string>> = {
  'metadata.name': 'chorus-gateway-5d4f8c7b9-abcde',
  "metadata.labels['pod-template-hash']": '5d4f8c7b9',
};

/** The program of a container, by the last part of its image's name. */
export function programOf({ image }: Container): Program | undefined {
  return PROGRAMS[image.split('/').at(-1)?.split(':')[0] ?? ''];
}

/** What a container's variables will be; secrets are examples. Problems are what cannot be found out. */
export function environmentOf(
  container: Container,
  resources: readonly Resource[],
): { env: Record<string, string>; problems: string[] } {
  const env: Record<string, string> = {};
  const problems: string[] = [];
  for (const { configMapRef } of container.envFrom ?? []) {
    const found = resources.find(
      (each) => each.kind === 'ConfigMap' && each.metadata.name === configMapRef?.name,
    );
    if (found === undefined) problems.push(`there is no ConfigMap ${configMapRef?.name}`);
    Object.assign(env, found?.data);
  }
  for (const variable of container.env ?? []) {
    const value = valueIn(variable);
    if (value === undefined) problems.push(`${variable.name} comes from nowhere`);
    else env[variable.name] = value;
  }
  return { env, problems };
}

function valueIn({ name, value, valueFrom }: EnvVar): string | undefined {
  if (value !== undefined) return value;
  const field = FIELDS[valueFrom?.fieldRef?.fieldPath ?? ''];
  if (field !== undefined) return field;
  const secret = valueFrom?.secretKeyRef;
  return secret?.name === SECRETS && secret.key === name ? EXAMPLES[name] : undefined;
}

/** Every variable is a setting of the program that gets it, and the program starts with what it is given. */
export function environmentRules(resources: readonly Resource[]): string[] {
  return workloads(resources).flatMap((workload) =>
    allContainers(workload).flatMap((container) => {
      const program = programOf(container);
      if (program === undefined) return [];
      const { env, problems } = environmentOf(container, resources);
      const unknown = Object.keys(env).filter(
        (name) => program.settings[name] === undefined && !NODE_VARIABLES.has(name),
      );
      return [
        ...problems,
        ...unknown.map((name) => `${name} is no setting of ${container.image}`),
        ...refusals(() => program.load({ NODE_ENV: 'production', ...env })),
        ...portProblems(container, env),
      ].map((problem) => `${workload.name}, container ${container.name}: ${problem}`);
    }),
  );
}

function refusals(load: () => unknown): string[] {
  try {
    load();
    return [];
  } catch (error) {
    return [String((error as Error).message)];
  }
}

/** What it listens on is what Kubernetes thinks that it listens on. */
function portProblems({ ports = [] }: Container, env: Readonly<Record<string, string>>): string[] {
  const number = (name: string) => ports.find((port) => port.name === name)?.containerPort;
  const wanted = { PORT: number('http'), OPERATOR_PORT: number('operator') };
  return Object.entries(wanted).flatMap(([name, port]) =>
    env[name] === port?.toString() ? [] : [`${name} is ${env[name]}, and its container port ${port}`],
  );
}

/** What must be left after a drain that took as long as it may, in milliseconds. */
const REST_MS = 5_000;

/** A pod that is told to stop gets longer than it takes, by the settings of the same manifests. */
export function graceRules(resources: readonly Resource[]): string[] {
  return workloads(resources).flatMap(({ name, pod }) =>
    pod.containers.flatMap((container) => {
      const program = programOf(container);
      if (program === undefined) return [];
      const { env } = environmentOf(container, resources);
      const ms = (setting: string): number => {
        const schema = program.settings[setting];
        return schema === undefined ? 0 : Number(z.object({ [setting]: schema }).parse(env)[setting]);
      };
      const neededMs =
        ms('DRAIN_DELAY_MS') + ms('DRAIN_HOLD_MS') + ms('DRAIN_MS') + ms('SHUTDOWN_TIMEOUT_MS') + REST_MS;
      const givenMs = (pod.terminationGracePeriodSeconds ?? 30) * 1_000;
      return givenMs > neededMs ? [] : [`${name}: ends after ${givenMs} ms, and may need ${neededMs} ms`];
    }),
  );
}
