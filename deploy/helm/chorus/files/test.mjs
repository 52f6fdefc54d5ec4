// Run by `helm test`: asks API and gateways what a balancer and a browser would, and leaves nothing behind.
//
//   node test.mjs <URL of the API> <URL of the gateways>
import { request } from 'node:http';

const [api, gateway] = process.argv.slice(-2);
const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'chorus.v1',
};

/** What is asked, of whom, and what a working installation answers. */
const checks = [
  ['the API is ready', api, '/readyz', {}, 200, /"status":"ready"/],
  ['the API serves the page', api, '/', {}, 200, /<html/i],
  ['the API asks for a token', api, '/ws/get-rooms', {}, 401, /"error"/],
  ['gateways are ready', gateway, '/readyz', {}, 200, /"status":"ready"/],
  ['gateways open sockets', gateway, '/ws/connect', upgrade, 101, /^$/],
  ['gateways ask for a token', gateway, '/ws/join-room/1', upgrade, 401, /"error"/],
];

let failed = 0;
for (const [what, base, path, headers, status, body] of checks) {
  const problem = await ask(new URL(path, base), headers).then(
    (answer) => (answer.status === status && body.test(answer.body) ? undefined : `${answer.status} ${answer.body}`),
    (error) => error.message || error.code,
  );
  console.log(problem === undefined ? `ok: ${what}` : `FAILED: ${what}: ${base}${path}: ${problem.slice(0, 200)}`);
  if (problem !== undefined) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;

function ask(url, headers) {
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers, timeout: 10_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
      response.on('error', reject);
    });
    asking.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, body: '' });
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer within 10 s')));
    asking.on('error', reject);
    asking.end();
  });
}
