import '@mantine/core/styles/Notification.layer.css';
import '@mantine/notifications/styles.layer.css';
import { Notifications, notifications } from '@mantine/notifications';

export { notifications };

export function List() {
  return <Notifications position="bottom-left" limit={3} />;
}
