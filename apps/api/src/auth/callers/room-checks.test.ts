import { type AccessList, MemoryAccessList, type RoomSubject, type RoomVerdict } from '@chorus/control';
import { UnavailableError } from '@chorus/redis';
import { expect } from 'chai';
import { RoomChecks } from './room-checks.js';

describe('checks of users in rooms', () => {
  let access: MemoryAccessList;
  let queries: RoomSubject[][];
  let checks: RoomChecks;

  beforeEach(() => {
    access = new MemoryAccessList();
    queries = [];
    checks = new RoomChecks({
      checkRooms(subjects) {
        queries.push([...subjects]);
        return access.checkRooms(subjects);
      },
    });
  });

  const verdicts = async (found: Array<Promise<RoomVerdict>>): Promise<string[]> =>
    (await Promise.all(found)).map(({ verdict }) => verdict);

  it('share a query, and each gets its own answer', async () => {
    await access.ban({ userId: 2 });
    await access.ban({ userId: 1, roomId: 8 });
    const subjects = [
      { userId: 1, roomId: 7 },
      { userId: 2, roomId: 7 },
      { userId: 1, roomId: 8 },
    ];
    const found = await verdicts(subjects.map((subject) => checks.check(subject)));
    expect(found).to.deep.equal(['ok', 'banned', 'banned-from-room']);
    expect(queries).to.deep.equal([subjects]);
  });

  it('that begin during a query wait for the next one', async () => {
    const first = checks.check({ userId: 1, roomId: 7 });
    while (queries.length === 0) await new Promise(setImmediate);
    await access.ban({ userId: 1 });
    const second = checks.check({ userId: 1, roomId: 7 });
    await first;
    expect(await verdicts([second])).to.deep.equal(['banned']);
    expect(queries).to.have.length(2);
  });

  it('fail together, and the next ones ask again', async () => {
    const working: AccessList['checkRooms'] = access.checkRooms.bind(access);
    access.checkRooms = () => Promise.reject(new UnavailableError('is away'));
    const failed = await Promise.allSettled([1, 2].map((userId) => checks.check({ userId, roomId: 7 })));
    expect(failed.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    access.checkRooms = working;
    expect(await verdicts([checks.check({ userId: 1, roomId: 7 })])).to.deep.equal(['ok']);
  });
});
