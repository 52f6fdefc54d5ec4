// Receives webhooks, with nothing but Node: WEBHOOK_SECRET=whsec_… node receiver.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

const { WEBHOOK_SECRET: secret = '', PORT: port = '8000' } = process.env;
if (!secret.startsWith('whsec_')) throw new Error('WEBHOOK_SECRET is the secret of the webhook: whsec_…');
const key = Buffer.from(secret.slice('whsec_'.length), 'base64');

/** Seconds by which the time of a delivery may differ from that of this machine: older ones may be recorded and sent again. */
const TOLERANCE_S = 300;
/** Largest delivery that is read, in bytes. */
const MOST_BYTES = 1_000_000;
/** Ids of events that were processed. A backend stores them with what it writes, in one transaction. */
const processed = new Set();

const server = createServer(async (request, response) => {
  try {
    if (!(Number(request.headers['content-length']) <= MOST_BYTES)) return void response.writeHead(413).end();
    const body = await buffer(request);
    if (!isGenuine(request.headers, body)) return void response.writeHead(401).end();
    // Every event is delivered at least once: it may come again.
    const id = request.headers['webhook-id'];
    if (!processed.has(id)) {
      handle(JSON.parse(body.toString()));
      processed.add(id);
    }
    response.writeHead(204).end();
  } catch (error) {
    // Chorus retries everything that is not answered with 2xx.
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(port, '127.0.0.1', () => console.log(`listening on port ${server.address().port}`));
process.once('SIGTERM', () => server.close());

/** Whether a request was signed with the secret, a short time ago. The signature is of the bytes, so nothing may parse them before. */
function isGenuine(
  { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' },
  body,
) {
  if (!(Math.abs(Date.now() / 1_000 - Number(time)) <= TOLERANCE_S)) return false;
  const expected = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
  // While a secret is replaced, there is a signature by each.
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** What the application does with an event. */
function handle({ type, data }) {
  console.log(type, JSON.stringify(data));
}
