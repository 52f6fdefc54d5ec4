import { expect } from 'chai';
import { ADA } from '../../testing/messages.js';
import { permissionsIn } from './permissions.js';
import { roomTitle } from './room-title.js';

describe('what the page offers in a room', () => {
  const given = (
    kind: 'public' | 'private' | 'direct',
    role: 'owner' | 'moderator' | 'member' | null,
  ): string[] =>
    Object.entries(permissionsIn({ kind, role }))
      .filter(([, may]) => may)
      .map(([name]) => name);

  it('follows the kind of the room and the role of the user', () => {
    expect(given('public', null)).to.deep.equal([]);
    expect(given('public', 'member')).to.deep.equal(['leave']);
    expect(given('public', 'moderator')).to.deep.equal(['moderate', 'mentionRoom', 'leave']);
    expect(given('public', 'owner')).to.deep.equal(['moderate', 'own', 'mentionRoom', 'leave']);
    expect(given('private', 'member')).to.deep.equal(['mentionRoom', 'leave']);
    expect(given('private', 'owner')).to.deep.equal(['moderate', 'own', 'mentionRoom', 'leave']);
    expect(given('direct', 'member')).to.deep.equal(['mentionRoom']);
  });

  it('is nothing while the room is not known', () => {
    expect(Object.values(permissionsIn()).some(Boolean)).to.equal(false);
  });
});

describe('the title of a room', () => {
  it('is its name, or the names of the others in a direct room', () => {
    const title = (name: string, kind: 'private' | 'direct' = 'direct') => roomTitle({ name, kind }, ADA);
    expect(title('ada, ben')).to.equal('ben');
    expect(title('ben, ada')).to.equal('ben');
    expect(title('ben, ada, cleo')).to.equal('ben, cleo');
    expect(title('ada, ben', 'private')).to.equal('ada, ben');
  });
});
