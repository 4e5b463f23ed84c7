/* A service for the instance tests: HTTP over IPv6, and misbehaviour on request.

   server ADDRESS PORT FILE: GET / gives FILE; /eat allocates 16 MiB at a time until it dies; /fork forks for ever and
   says how many children it had when the kernel refused; /pid gives the pid. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer(int to, const char *body, size_t length)
{
	dprintf(to, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
	if (write(to, body, length) < 0)
		perror("write");
}

static void eat(void)
{
	for (;;) {
		char *block = malloc(16 << 20);
		if (block == NULL)
			abort();
		memset(block, 1, 16 << 20);
	}
}

static void forks(int to)
{
	char text[64];
	static pid_t children[100000];
	int count = 0;
	while (count < 100000) {
		pid_t child = fork();
		if (child < 0)
			break;
		if (child == 0) {
			pause();
			_exit(0);
		}
		children[count++] = child;
	}
	snprintf(text, sizeof text, "%d %s", count, strerror(errno));
	for (int i = 0; i < count; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	answer(to, text, strlen(text));
}

static void file(int to, const char *name)
{
	static char body[65536];
	FILE *from = fopen(name, "r");
	size_t length = from == NULL ? 0 : fread(body, 1, sizeof body, from);
	if (from != NULL)
		fclose(from);
	answer(to, body, length);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	int one = 1, listener = socket(AF_INET6, SOCK_STREAM, 0);
	if (argc != 4 || inet_pton(AF_INET6, argv[1], &address.sin6_addr) != 1)
		return 2;
	address.sin6_port = htons(atoi(argv[2]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
		perror("listen");
		return 1;
	}
	printf("listening on %s\n", argv[1]);
	fflush(stdout);
	for (;;) {
		char request[1024] = "", pid[32];
		int to = accept(listener, NULL, NULL);
		if (to < 0 || read(to, request, sizeof request - 1) < 0)
			continue;
		snprintf(pid, sizeof pid, "%d", getpid());
		if (!strncmp(request, "GET /eat", 8))
			eat();
		else if (!strncmp(request, "GET /fork", 9))
			forks(to);
		else if (!strncmp(request, "GET /pid", 8))
			answer(to, pid, strlen(pid));
		else
			file(to, argv[3]);
		close(to);
	}
}
