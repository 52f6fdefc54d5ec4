import { Icon, type IconName } from './icon.js';

interface IconButtonProps {
  icon: IconName;
  /** Name for screen readers. */
  label: string;
  /** Shown while the pointer is over it. Default: `label` */
  title?: string;
  primary?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

/** A round button that shows an icon. */
export function IconButton({ icon, label, title = label, primary, disabled, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      class={primary ? 'round primary' : 'round'}
      aria-label={label}
      title={title}
      aria-disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
