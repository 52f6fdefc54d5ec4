import type { Standalone } from './create-standalone.js';

/** Returns the text to print at the start: addresses, and commands to copy. */
export function welcome({ url, operatorUrl, operatorApi, dataDir }: Standalone): string {
  const where = operatorApi
    ? `The operator API is at ${operatorUrl}.`
    : `Metrics are at ${operatorUrl}/metrics.`;
  const operators = operatorUrl === undefined ? '' : `\n${where}`;
  const json = `-H 'content-type: application/json'`;
  return `
Chorus runs at ${url} with its data in ${dataDir}; Ctrl-C stops it.${operators}

Open ${url} in a browser to chat. Or try it in another terminal, in this folder: sign up, sign in, create a room and
join it.

  curl ${json} ${url}/api/users/signup -d '{"username":"ada","email":"ada@example.com","password":"analytical"}'
  curl ${json} ${url}/api/users/signin -d '{"email":"ada@example.com","password":"analytical"}' -c ada.cookies
  curl ${json} ${url}/ws/create-room -d '{"id":1,"name":"room1"}' -b ada.cookies
  npx wscat -H "cookie: jwt=$(awk '/jwt/ {print $7}' ada.cookies)" -c ${url.replace('http', 'ws')}/ws/join-room/1

What you type is sent to all members of the room. The documentation is at ${url}/docs/.
`;
}
