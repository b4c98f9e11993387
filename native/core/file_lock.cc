#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "sys.h"
#include "thread.h"

namespace reapwell {
namespace {

using FileKey = std::pair<dev_t, ino_t>;

Mutex& table_mutex() {
  static Mutex instance;  // guards table()
  return instance;
}

// Never destroyed: environments of workers may end after main's static objects.
std::set<FileKey>& table() {
  static auto* files = new std::set<FileKey>();
  return *files;
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

FileLock::FileLock(UniqueFd file, dev_t device, ino_t inode)
    : file_(std::move(file)), device_(device), inode_(inode) {}

FileLock::~FileLock() {
  Lock lock(table_mutex());
  table().erase({device_, inode_});
  file_.reset();
}

int FileLock::acquire(const std::string& path, std::unique_ptr<FileLock>& out, pid_t* holder) {
  *holder = 0;
  Lock lock(table_mutex());
  struct stat found {};
  // Before it is opened, since closing it again would drop the lock that this process holds on it.
  if (sys::lstat(path.c_str(), &found) == 0 && table().count({found.st_dev, found.st_ino}) != 0) {
    *holder = getpid();
    return -EAGAIN;
  }
  UniqueFd file = above_stdio(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid() || fstat(file.get(), &found) < 0) return -errno;
  const FileKey key(found.st_dev, found.st_ino);
  if (table().count(key) != 0) {
    file.release();  // moved here meanwhile: left open for the same reason
    *holder = getpid();
    return -EAGAIN;
  }
  struct flock wanted = whole_file(F_WRLCK);
  if (fcntl(file.get(), F_SETLK, &wanted) < 0) {
    const int error = errno;
    if (error != EAGAIN && error != EACCES) return -error;
    struct flock other = whole_file(F_WRLCK);
    if (fcntl(file.get(), F_GETLK, &other) == 0 && other.l_type != F_UNLCK && other.l_pid > 0) {
      *holder = other.l_pid;
    }
    return -EAGAIN;
  }
  table().insert(key);
  out.reset(new FileLock(std::move(file), key.first, key.second));
  return 0;
}

}  // namespace reapwell
