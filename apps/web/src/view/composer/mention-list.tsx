import { Avatar } from '../controls/avatar.js';
import { UserName } from '../controls/user-name.js';
import type { Completion, Proposal } from './use-completion.js';

/** The names that complete a mention. The focus stays in the composer, which handles the keys. */
export function MentionList({
  id,
  completion,
  onChoose,
}: {
  id: string;
  completion: Completion;
  onChoose: (proposal: Proposal) => void;
}) {
  return (
    <div id={id} class="mention-list" role="listbox" aria-label="Mention">
      {completion.proposals.map((proposal, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the composer handles the keys
        <div
          key={proposal.user?.id ?? 0}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === completion.active}
          // The focus stays in the composer.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(proposal)}
        >
          <Avatar name={proposal.name} small />
          <UserName name={proposal.name} bot={proposal.user?.bot} as="name" />
          {proposal.user === undefined && <span class="hint">all members</span>}
        </div>
      ))}
    </div>
  );
}
