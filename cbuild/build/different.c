/* What differs between two machines and can't be set from outside a container without privileges: the time of day, the
 * order of directories, the number of processors. Preloaded by every program of a part that `cbuild verify` installs
 * again. SHIFT (seconds), REVERSE, ONE_CPU say what is different. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int real_time(clockid_t clock, struct timespec *now)
{
	return syscall(SYS_clock_gettime, clock, now);
}

#ifdef SHIFT
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int failed = real_time(clock, now);
	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI))
		now->tv_sec += SHIFT;
	return failed;
}

time_t time(time_t *result)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	result->tv_sec = now.tv_sec;
	result->tv_usec = now.tv_nsec / 1000;
	if (zone)
		memset(zone, 0, sizeof(struct timezone));
	return 0;
}

int timespec_get(struct timespec *now, int base)
{
	return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, now) ? base : 0;
}
#endif

#ifdef REVERSE
/* An open directory whose entries have all been read. */
struct listing {
	DIR *directory;
	struct dirent **entries;
	long count, at;
	struct listing *next;
};

static struct listing *listings;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct listing **find(DIR *directory)
{
	struct listing **found = &listings;
	while (*found && (*found)->directory != directory)
		found = &(*found)->next;
	return found;
}

static void forget(DIR *directory)
{
	pthread_mutex_lock(&lock);
	struct listing **place = find(directory), *old = *place;
	if (old) {
		*place = old->next;
		for (long index = 0; index < old->count; index++)
			free(old->entries[index]);
		free(old->entries);
		free(old);
	}
	pthread_mutex_unlock(&lock);
}

static struct listing *reversed(DIR *directory)
{
	struct listing *found = *find(directory);
	if (found)
		return found;
	struct dirent *(*next)(DIR *) = dlsym(RTLD_NEXT, "readdir");
	found = calloc(1, sizeof *found);
	found->directory = directory;
	for (struct dirent *entry; (entry = next(directory));) {
		found->entries = realloc(found->entries, (found->count + 1) * sizeof entry);
		/* More than its length: programs copy the whole structure. */
		struct dirent *copy = calloc(1, sizeof *copy + entry->d_reclen);
		found->entries[found->count++] = memcpy(copy, entry, entry->d_reclen);
	}
	found->next = listings;
	return listings = found;
}

struct dirent *readdir(DIR *directory)
{
	pthread_mutex_lock(&lock);
	struct listing *all = reversed(directory);
	struct dirent *entry = all->at < all->count ? all->entries[all->count - ++all->at] : NULL;
	pthread_mutex_unlock(&lock);
	return entry;
}

struct dirent64 *readdir64(DIR *directory)
{
	/* The same structure where a long has 64 bits. */
	return (struct dirent64 *)readdir(directory);
}

void rewinddir(DIR *directory)
{
	forget(directory);
	void (*next)(DIR *) = dlsym(RTLD_NEXT, "rewinddir");
	next(directory);
}

long telldir(DIR *directory)
{
	pthread_mutex_lock(&lock);
	long at = reversed(directory)->at;
	pthread_mutex_unlock(&lock);
	return at;
}

void seekdir(DIR *directory, long at)
{
	pthread_mutex_lock(&lock);
	reversed(directory)->at = at;
	pthread_mutex_unlock(&lock);
}

int closedir(DIR *directory)
{
	forget(directory);
	int (*next)(DIR *) = dlsym(RTLD_NEXT, "closedir");
	return next(directory);
}
#endif

#ifdef ONE_CPU
/* Any one: parts that are verified side by side are not to share it. Children have it, too. */
__attribute__((constructor)) static void one_cpu(void)
{
	cpu_set_t all, one;
	struct timespec now;
	if (sched_getaffinity(0, sizeof all, &all) || CPU_COUNT(&all) < 2)
		return;
	real_time(CLOCK_REALTIME, &now);
	int skip = now.tv_nsec / 1000 % CPU_COUNT(&all), cpu = 0;
	while (!CPU_ISSET(cpu, &all) || skip--)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}
#endif
