// The two clients below Bolt, used by themselves: SocketModeClient for envelopes, WebClient for everything else. Lines of
// JSON on standard output say what they were given; the program stops when standard input ends.
import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';

const slackApiUrl = process.env.SLACK_API_URL;
const web = new WebClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl, logLevel: LogLevel.ERROR });
const socket = new SocketModeClient({
  appToken: process.env.SLACK_APP_TOKEN,
  clientOptions: { slackApiUrl },
  logLevel: LogLevel.ERROR,
  clientPingTimeout: 1000, // also how long it waits before it connects anew
});

const say = (fields) => process.stdout.write(`${JSON.stringify(fields)}\n`);

socket.on('slash_commands', async ({ ack, body, accepts_response_payload }) => {
  await ack({ text: `You typed ${body.text}` });
  say({ heard: body.command, text: body.text, payload: String(accepts_response_payload) });
});

socket.on('app_uninstalled', async ({ ack, body, event, retry_num, retry_reason }) => {
  await ack();
  say({ heard: event.type, id: body.event_id, retry: `${retry_num ?? 'none'} ${retry_reason ?? ''}` });
});

process.stdin.on('end', () => socket.disconnect()).resume();
await socket.start();

const me = await web.auth.test();
const { channel } = await web.conversations.info({ channel: 'C0HELP' });
const { users } = await web.usergroups.users.list({ usergroup: 'S0ADM' });
const { channel: dm } = await web.conversations.open({ users: 'U0ANN' });
const members = [];
for await (const page of web.paginate('conversations.members', { channel: 'C0HELP', limit: 2 })) members.push(...page.members);
const posted = await web.chat.postMessage({ channel: dm.id, text: 'hello' }); // refused once with Retry-After
const { permalink } = await web.chat.getPermalink({ channel: dm.id, message_ts: posted.ts });
say({
  heard: 'answers', user: me.user_id, team: me.team_id, channel: channel.name, group: users.join(' '), members: members.join(' '),
  ts: posted.ts, permalink: String(URL.canParse(permalink)), scopes: String(posted.response_metadata.scopes.includes('chat:write')),
});
