// Which way imports may go. `npm run check:imports` fails when one breaks a rule.
const { readdirSync } = require('node:fs');

/**
 * Packages of this workspace are matched by their names: the check does not depend on what is
 * installed or built.
 */
const workspace = (names) => `^@chorus/(${names.join('|')})(/|$)`;
/** A package from npm, found or not. */
const npm = (pattern) => `^${pattern}(/|$)|/node_modules/${pattern}(/|$)`;

const apps = readdirSync('apps');
/** What only tests use is in folders called `testing`, of which `packages/testing` is one. */
const testSupport = '/testing/';
const testsAndSupport = `${testSupport}|\\.test\\.tsx?$`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-app-from-a-package',
      comment: 'Imports go from apps to packages.',
      severity: 'error',
      from: { path: '^(packages|prisma)/' },
      to: { path: [workspace(apps), '^apps/'] },
    },
    {
      name: 'no-app-from-an-app',
      comment: 'What two apps need belongs in a package. Only standalone composes the others.',
      severity: 'error',
      from: { path: '^apps/', pathNot: '^apps/standalone/' },
      to: { path: workspace(apps.filter((app) => app !== 'operator-page')) },
    },
    {
      name: 'operator-page-for-the-api',
      comment: 'The API serves its files on the operator port.',
      severity: 'error',
      from: { pathNot: '^apps/(api|operator-page)/' },
      to: { path: workspace(['operator-page']) },
    },
    {
      name: 'no-relative-import-out-of-a-package',
      comment: 'Other packages are imported by their names.',
      severity: 'error',
      from: { path: '^((?:apps|packages)/[^/]+|prisma|test)/' },
      to: { path: '^(apps|packages|prisma|test)/', pathNot: '^$1/' },
    },
    {
      name: 'protocol-stands-alone',
      comment: 'It is shared with browsers.',
      severity: 'error',
      from: { path: '^packages/protocol/' },
      to: { path: '^@chorus/' },
    },
    {
      name: 'redis-knows-no-messages',
      comment: 'What is about messages, members or bans belongs to the packages that are built on it.',
      severity: 'error',
      from: { path: '^packages/redis/src/', pathNot: testsAndSupport },
      to: { path: '^@chorus/', pathNot: workspace(['service']) },
    },
    {
      name: 'broker-presence-and-control-stand-side-by-side',
      comment: 'What they share is about Redis.',
      severity: 'error',
      from: { path: '^packages/(broker|presence|control)/' },
      to: { path: workspace(['broker', 'presence', 'control']) },
    },
    {
      name: 'client-knows-the-protocol-only',
      comment: 'It is shipped to browsers.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: testsAndSupport },
      to: { path: '^@chorus/', pathNot: workspace(['protocol']) },
    },
    {
      name: 'page-knows-the-client-only',
      comment: 'It runs in browsers, and uses only what every application gets.',
      severity: 'error',
      from: { path: '^apps/web/' },
      to: { path: '^@chorus/', pathNot: workspace(['client']) },
    },
    {
      name: 'page-is-not-imported',
      comment: 'It is built into files that the API serves.',
      severity: 'error',
      from: { pathNot: '^apps/web/' },
      to: { path: [workspace(['web']), '^apps/web/'] },
    },
    {
      name: 'client-takes-only-types-from-schemas',
      comment:
        'The library that checks schemas is larger than the client; nothing can be loaded from `types`.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: testsAndSupport },
      to: { path: '^@chorus/protocol', pathNot: '^@chorus/protocol/(constants|fold|types)$' },
    },
    {
      name: 'protocol-constants-without-schemas',
      comment: 'They are shipped to browsers.',
      severity: 'error',
      from: { path: '^packages/protocol/src/(constants|close-codes|errors|position|subprotocol)\\.ts$' },
      to: { path: npm('zod'), reachable: true },
    },
    {
      name: 'client-stands-alone',
      comment: 'It runs in browsers, and brings nothing along.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: testsAndSupport },
      to: { pathNot: ['^@chorus/', '^packages/client/'] },
    },
    {
      name: 'react-knows-the-client-only',
      comment: 'It is shipped to browsers, and uses only what every application gets.',
      severity: 'error',
      from: { path: '^packages/react/src/', pathNot: testsAndSupport },
      to: { pathNot: ['^@chorus/client$', '^packages/react/src/', npm('react')] },
    },
    {
      name: 'uwebsockets-in-the-transport',
      comment: 'Its types and its rules stay there.',
      severity: 'error',
      from: {
        pathNot:
          '^(apps/gateway/src/transport/|test/bench/(gateway/bare-server|peers/servers/redis-relay-server)\\.ts$)',
      },
      to: { path: npm('(uWebSockets\\.js|uwebsockets)') },
    },
    {
      name: 'ioredis-in-redis-files',
      comment: 'Its types stay with what is about Redis.',
      severity: 'error',
      from: { pathNot: '(^|/)(redis/|[^/]*redis[^/]*\\.ts$)' },
      to: { path: npm('ioredis') },
    },
    {
      name: 'prom-client-in-metrics-files',
      comment: 'Others use what @chorus/service makes of it.',
      severity: 'error',
      from: { pathNot: '^packages/service/src/telemetry/metrics[^/]*\\.ts$' },
      to: { path: npm('prom-client') },
    },
    {
      name: 'opentelemetry-in-one-file',
      comment: 'It is loaded only where something is traced.',
      severity: 'error',
      from: { pathNot: '^packages/service/src/telemetry/traces-otlp\\.ts$' },
      to: { path: npm('@opentelemetry/[^/]+') },
    },
    {
      name: 'opentelemetry-on-demand',
      severity: 'error',
      from: {},
      to: { path: '(^|/)traces-otlp\\.(ts|js)$', dynamic: false },
    },
    {
      name: 'prisma-in-one-package',
      comment: 'Others use @chorus/database.',
      severity: 'error',
      from: { pathNot: '^prisma/' },
      to: { path: npm('(@prisma/[^/]+|prisma)') },
    },
    {
      name: 'database-for-its-owners',
      comment: 'The gateway never touches PostgreSQL.',
      severity: 'error',
      from: {
        pathNot: '^(apps/(api|archiver|dispatcher|standalone|cluster)|packages/(local|testing)|prisma|test)/',
      },
      to: { path: [workspace(['database']), npm('pg')] },
    },
    {
      name: 'local-servers-not-in-production',
      comment: '@chorus/local is for development and tests.',
      severity: 'error',
      from: {
        path: '^(apps|packages|prisma)/',
        pathNot: [`^apps/(standalone|cluster|loadtest)/`, testsAndSupport],
      },
      to: { path: workspace(['local']) },
    },
    {
      name: 'test-support-not-in-production',
      comment: 'Images and packages leave out folders called `testing`.',
      severity: 'error',
      from: { path: '^(apps|packages|prisma)/', pathNot: testsAndSupport },
      to: { path: [testSupport, workspace(['testing']), '^@chorus/[^/]+/testing$'] },
    },
    {
      name: 'no-development-dependency-in-production',
      severity: 'error',
      from: {
        path: '^((apps|packages)/[^/]+|prisma)/src/',
        pathNot: testsAndSupport,
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-cycle-of-types',
      severity: 'error',
      from: { path: '^apps/gateway/' },
      to: { circular: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated)/' },
    enhancedResolveOptions: {
      exportsFields: [],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
