// A guest agent that does not play by the rules, for tests of those who talk to it.
//
//   hostile_agent PORT MODE
//
// It answers guest-sync and guest-sync-delimited as it should, since libvirt begins with them and
// would not pass on what follows otherwise; every other command is answered in the manner of MODE:
//   silent  not at all
//   flood   with a valid reply of 10 MB
//   shapes  with valid JSON of the wrong shape, another one each time
//   utf8    with a string that is not UTF-8
//   slow    with a valid reply, one byte a second
//   deep    with 100,000 nested arrays
//   double  twice, so that the second answer meets the next command
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int port;

static void Send(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = write(port, bytes, size);
    if (sent > 0) {
      bytes += sent;
      size -= (size_t)sent;
    } else if (sent < 0 && errno != EINTR && errno != EAGAIN) {
      exit(1);
    } else {
      struct pollfd ready = {.fd = port, .events = POLLOUT};
      poll(&ready, 1, 1000);
    }
  }
}

static void SendText(const char* text) { Send(text, strlen(text)); }

static void SendRepeated(char byte, size_t count) {
  char block[4096];
  memset(block, byte, sizeof block);
  while (count > 0) {
    const size_t part = count < sizeof block ? count : sizeof block;
    Send(block, part);
    count -= part;
  }
}

static void Flood(void) {
  SendText("{\"return\": \"");
  SendRepeated('x', 10 * 1000 * 1000);
  SendText("\"}\n");
}

static void Deep(void) {
  const size_t depth = 100 * 1000;
  SendText("{\"return\": ");
  SendRepeated('[', depth);
  SendRepeated(']', depth);
  SendText("}\n");
}

static void Shapes(void) {
  static const char* const kReplies[] = {
      "{\"return\": null}\n",
      "{\"return\": [1, \"two\", {\"three\": []}]}\n",
      "{\"return\": {\"pid\": \"-1\", \"exited\": \"yes\", \"exitcode\": 1e400}}\n",
      "{\"return\": {\"pid\": 18446744073709551616, \"exited\": 2}}\n",
      "{\"return\": {\"exited\": true, \"out-data\": \"not*base64\", \"exitcode\": -9999999999}}\n",
      "{\"error\": {\"class\": 7, \"desc\": []}}\n",
      "{\"return\": {\"supported_commands\": {\"name\": \"guest-exec\"}}}\n",
      "{}\n",
  };
  static size_t next;
  SendText(kReplies[next++ % (sizeof kReplies / sizeof kReplies[0])]);
}

static void Slow(void) {
  for (const char* byte = "{\"return\": {}}\n"; *byte != '\0'; ++byte) {
    Send(byte, 1);
    sleep(1);
  }
}

static void Twice(void) {
  SendText("{\"return\": {}}\n");
  usleep(200 * 1000);  // until the first has been taken
  SendText("{\"return\": {\"host-name\": \"other\"}}\n");
}

// Answers guest-sync and guest-sync-delimited; 0 when the line is neither.
static int AnswerSync(const char* line) {
  const char* command = strstr(line, "guest-sync");
  const char* id = strstr(line, "\"id\"");
  if (command == NULL || id == NULL) return 0;
  char reply[64];
  const long long number = strtoll(id + strcspn(id, "-0123456789"), NULL, 10);
  snprintf(reply, sizeof reply, "{\"return\": %lld}\n", number);
  if (strncmp(command, "guest-sync-delimited", 20) == 0) Send("\xff", 1);
  SendText(reply);
  return 1;
}

static void Answer(const char* mode) {
  if (strcmp(mode, "flood") == 0) Flood();
  if (strcmp(mode, "shapes") == 0) Shapes();
  if (strcmp(mode, "utf8") == 0)
    SendText("{\"return\": {\"host-name\": \"\xc3\x28\xff\xfe\xf0\x80\x80\x80\"}}\n");
  if (strcmp(mode, "slow") == 0) Slow();
  if (strcmp(mode, "deep") == 0) Deep();
  if (strcmp(mode, "double") == 0) Twice();
}

int main(int argc, char** argv) {
  if (argc != 3 || (port = open(argv[1], O_RDWR)) < 0) return 2;
  static char line[1 << 20];
  size_t length = 0;
  for (;;) {
    char byte;
    const ssize_t got = read(port, &byte, 1);
    if (got <= 0) {  // nobody has the other end open
      usleep(50 * 1000);
      continue;
    }
    if (byte != '\n') {
      if (length + 1 < sizeof line && byte != '\xff') line[length++] = byte;
      continue;
    }
    line[length] = '\0';
    length = 0;
    if (line[0] != '\0' && !AnswerSync(line)) Answer(argv[2]);
  }
}
