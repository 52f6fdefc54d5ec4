import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { expectError, expectRefusal } from '../expectations.js';
import type { Target } from '../target.js';
import { badTokens } from '../tokens.js';

export function describeRefusedUpgrades(target: () => Target): void {
  let ann: Person;
  let room: number;
  before(async () => {
    ann = await createPerson(target().url, 'ann');
    room = await createRoom(target().url, ann);
  });

  describe('an upgrade', () => {
    for (const id of ['0', '-1', '1.5', 'abc', '9007199254740992', '%2D1', '1e3', '99999999999999999999']) {
      it(`is refused with 400 for the room id ${id}`, async () => {
        expect(await expectRefusal(400, target().url, id, ann.token)).to.match(/^roomId must be/);
      });
    }

    it('is refused with 400 for a userId that is none', async () => {
      const options = { query: { userId: 'me' } };
      expect(await expectRefusal(400, target().url, room, ann.token, options)).to.match(/^userId must be/);
    });

    for (const { what, token } of badTokens(target, () => ann)) {
      it(`is refused with 401 for ${what}`, async () => {
        await expectRefusal(401, target().url, room, token());
      });
    }

    it('is refused with 401 for a cookie that is none of ours', async () => {
      await expectRefusal(401, target().url, room, undefined, { headers: { cookie: 'jwt=; other=1' } });
    });

    it('is refused with 403 when the query names somebody else', async () => {
      const { url } = target();
      const somebodyElse = { query: { userId: String(ann.id + 1), username: ann.username } };
      expect(await expectRefusal(403, url, room, ann.token, somebodyElse)).to.match(/^userId/);
      const anotherName = { query: { userId: String(ann.id), username: `${ann.username}!` } };
      expect(await expectRefusal(403, url, room, ann.token, anotherName)).to.match(/^username/);
    });

    it('is refused with 403 for a page of a foreign origin, and accepted for one that is allowed', async () => {
      const { url } = target();
      for (const origin of ['https://evil.example', 'null', 'http://chat.example']) {
        await expectRefusal(403, url, room, ann.token, { headers: { origin } });
      }
      for (const origin of ['https://chat.example', url]) {
        const socket = await connectPlain(url, room, ann.token, { headers: { origin } });
        await socket.close();
      }
    });

    it('is refused with 404 for an unknown room', async () => {
      await expectRefusal(404, target().url, 123_456_789_012_345, ann.token);
    });

    it('is refused with 404 for any other route', async () => {
      await expectRefusal(404, target().url, `${room}/more`, ann.token);
      await expectRefusal(404, target().url, '../nowhere', ann.token);
    });

    it('is what join-room and connect ask for: plain HTTP gets 426', async () => {
      expectError(await request(`${target().url}/ws/join-room/${room}`, { token: ann.token }), 426);
      expectError(await request(`${target().url}/ws/connect`, { token: ann.token }), 426);
    });
  });
}
