/* A file appears whole or not at all, and nothing else stays. Run as any user, root included. */
#define _DEFAULT_SOURCE

#include <signal.h>
#include <sys/resource.h>

#include "network_fixture.h"
#include "package/atomic_file.h"

static void test_replaces_what_was_there(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[128];
    snprintf(path, sizeof path, "%s/file", make_folder(folder));
    for (int round = 0; round < 2; round++) {
        mc_atomic_file file;
        assert_ok(mc_atomic_file_open(context, path, &file));
        assert_ok(mc_atomic_file_write(&file, round ? "new" : "older", round ? 3 : 5));
        assert_ok(mc_atomic_file_write(&file, NULL, 0));
        assert_int_equal(file.nbytes, round ? 3 : 5);
        assert_int_equal(count_files(folder), 1 + round);
        assert_ok(mc_atomic_file_commit(&file));
        assert_int_equal(count_files(folder), 1);
    }
    size_t nbytes;
    uint8_t *data = read_file(path, &nbytes);
    assert_int_equal(nbytes, 3);
    assert_memory_equal(data, "new", 3);
    free(data);
    mc_atomic_file file;
    assert_ok(mc_atomic_file_open(context, path, &file));
    assert_ok(mc_atomic_file_write(&file, "x", 1));
    mc_atomic_file_abandon(&file);
    mc_atomic_file_abandon(&file);
    data = read_file(path, &nbytes);
    assert_int_equal(nbytes, 3);
    free(data);
    assert_int_equal(count_files(folder), 1);
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_rights_are_those_of_any_new_file(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[128];
    snprintf(path, sizeof path, "%s/file", make_folder(folder));
    mode_t saved = umask(027);
    mc_atomic_file file;
    assert_ok(mc_atomic_file_open(context, path, &file));
    assert_int_equal(umask(saved), 027); /* the mask was not touched */
    assert_ok(mc_atomic_file_commit(&file));
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0640);
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* A name of ours may be left from a process that was killed: another one is taken. */
static void test_leftovers_are_in_nobodys_way(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[128];
    snprintf(path, sizeof path, "%s/file", make_folder(folder));
    mc_atomic_file first, second;
    assert_ok(mc_atomic_file_open(context, path, &first));
    assert_ok(mc_atomic_file_open(context, path, &second));
    assert_string_not_equal(first.temporary_path, second.temporary_path);
    assert_ok(mc_atomic_file_write(&first, "1", 1));
    assert_ok(mc_atomic_file_write(&second, "22", 2));
    assert_ok(mc_atomic_file_commit(&second));
    assert_ok(mc_atomic_file_commit(&first));
    size_t nbytes;
    free(read_file(path, &nbytes));
    assert_int_equal(nbytes, 1);
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void write_through(mcomp_context *context, const char *path, const char *text)
{
    mc_atomic_file file;
    assert_ok(mc_atomic_file_open(context, path, &file));
    assert_ok(mc_atomic_file_write(&file, text, strlen(text)));
    assert_ok(mc_atomic_file_commit(&file));
}

static void assert_file(const char *path, const char *text)
{
    size_t nbytes;
    uint8_t *data = read_file(path, &nbytes);
    assert_int_equal(nbytes, strlen(text));
    assert_memory_equal(data, text, nbytes);
    free(data);
}

/* What a link leads to is written, in whatever folder and whether it is there yet; links stay. */
static void test_links_are_followed(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[128], middle[128], target[128];
    make_folder(folder);
    snprintf(path, sizeof path, "%s/link", folder);
    snprintf(middle, sizeof middle, "%s/inner/middle", folder);
    snprintf(target, sizeof target, "%s/inner/target", folder);
    char inner[128];
    snprintf(inner, sizeof inner, "%s/inner", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(symlink("inner/middle", path), 0);
    assert_int_equal(symlink(target, middle), 0);
    write_through(context, path, "new");
    assert_file(target, "new");
    write_through(context, path, "changed");
    assert_file(target, "changed");
    struct stat facts;
    assert_true(lstat(path, &facts) == 0 && S_ISLNK(facts.st_mode));
    assert_true(lstat(middle, &facts) == 0 && S_ISLNK(facts.st_mode));
    assert_int_equal(count_files(inner), 2);
    remove_folder(inner);
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* The longest name that a file can have. */
static void test_long_names(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[400];
    int length = snprintf(path, sizeof path, "%s/", make_folder(folder));
    memset(path + length, 'n', 255);
    path[length + 255] = 0;
    write_through(context, path, "x");
    assert_file(path, "x");
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void refuse(mcomp_context *context, const char *path, const char *reason)
{
    mcomp_graph *graph = NULL;
    assert_ok(make_network(context, &graph));
    uint64_t nbytes = 77;
    assert_status(mcomp_save(graph, path, NULL, &nbytes), MCOMP_ERR_IO);
    assert_int_equal(nbytes, 77);
    assert_message(path);
    assert_message(reason);
    mcomp_graph_destroy(graph);
}

/* Folders in which nothing can be made, whoever asks. */
static void test_places_that_take_no_file(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[128];
    refuse(context, "/nonexistent/a.mcomp", "No such file or directory");
    refuse(context, "/proc/a.mcomp", ": ");
    snprintf(path, sizeof path, "%s/file", make_folder(folder));
    write_file_bytes(path, "x", 1);
    snprintf(path, sizeof path, "%s/file/a.mcomp", folder);
    refuse(context, path, "Not a directory");
    refuse(context, folder, "not a regular file");
    assert_int_equal(count_files(folder), 1);
    if (geteuid() != 0) { /* root may write everywhere */
        snprintf(path, sizeof path, "%s/a.mcomp", folder);
        assert_int_equal(chmod(folder, 0500), 0);
        refuse(context, path, "Permission denied");
        assert_int_equal(chmod(folder, 0700), 0);
    }
    snprintf(path, sizeof path, "%s/loop.mcomp", folder);
    assert_int_equal(symlink("loop.mcomp", path), 0);
    refuse(context, path, "symbolic links");
    assert_int_equal(unlink(path), 0);
    char long_name[400];
    int length = snprintf(long_name, sizeof long_name, "%s/", folder);
    memset(long_name + length, 'n', 300);
    long_name[length + 300] = 0;
    refuse(context, long_name, "File name too long");
    assert_int_equal(count_files(folder), 1);
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Renaming onto a device would put a file in its place. */
static void test_devices_stay(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    refuse(context, "/dev/null", "not a regular file");
    refuse(context, "/dev/full", "not a regular file");
    struct stat facts;
    assert_int_equal(stat("/dev/null", &facts), 0);
    assert_true(S_ISCHR(facts.st_mode));
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* No room after so many bytes, for every number of them: what was there before stays. */
static void test_full_disk(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    char folder[64], path[128];
    mcomp_graph *graph = NULL;
    snprintf(path, sizeof path, "%s/a.mcomp", make_folder(folder));
    assert_ok(make_network(context, &graph));
    write_file_bytes(path, "before", 6);
    uint64_t file_nbytes = 0;
    struct rlimit saved, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    bool whole = false;
    for (rlim_t room = 0; !whole; room += 371) {
        limit = (struct rlimit){.rlim_cur = room, .rlim_max = saved.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
        mcomp_status status = mcomp_save(graph, path, NULL, &file_nbytes);
        setrlimit(RLIMIT_FSIZE, &saved);
        whole = status == MCOMP_OK;
        assert_int_equal(count_files(folder), 1);
        if (whole) {
            assert_true(file_nbytes <= room);
            break;
        }
        assert_int_equal(status, MCOMP_ERR_IO);
        assert_message(path);
        assert_message("File too large");
        size_t nbytes;
        uint8_t *data = read_file(path, &nbytes);
        assert_int_equal(nbytes, 6);
        assert_memory_equal(data, "before", 6);
        free(data);
    }
    signal(SIGXFSZ, handler);
    mcomp_graph *loaded = NULL;
    assert_ok(mcomp_load(context, path, NULL, &loaded));
    assert_true(networks_equal(graph, loaded));
    mcomp_graph_destroy(loaded);
    mcomp_graph_destroy(graph);
    remove_folder(folder);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaces_what_was_there),
        cmocka_unit_test(test_rights_are_those_of_any_new_file),
        cmocka_unit_test(test_leftovers_are_in_nobodys_way),
        cmocka_unit_test(test_links_are_followed),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_places_that_take_no_file),
        cmocka_unit_test(test_devices_stay),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests_name("atomic_file", tests, NULL, NULL);
}
