#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace reapwell {
namespace {

int write_file(int directory, const char* name, const char* value) {
  UniqueFd file(openat(directory, name, O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return -errno;
  return write(file.get(), value, std::strlen(value)) < 0 ? -errno : 0;
}

bool read_whole(int fd, std::string& out) {
  out.clear();
  char buffer[4096];
  off_t at = 0;
  for (;;) {
    const ssize_t length = pread(fd, buffer, sizeof buffer, at);
    if (length < 0) return false;
    if (length == 0) return true;
    out.append(buffer, static_cast<size_t>(length));
    at += length;
  }
}

bool read_path(const std::string& path, std::string& out) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() && read_whole(file.get(), out);
}

// The number after `key` and a space at the start of a line.
long value_of(const std::string& text, const char* key) {
  const size_t length = std::strlen(key);
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, length, key) == 0 && text[at + length] == ' ') {
      return std::strtol(text.c_str() + at + length + 1, nullptr, 10);
    }
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return -1;
}

// Processes below may have made cgroups of their own.
std::vector<std::string> folders_below(const std::string& path) {
  std::vector<std::string> found;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return found;
  while (const dirent* item = readdir(directory)) {
    if (item->d_type == DT_DIR && std::strcmp(item->d_name, ".") != 0 &&
        std::strcmp(item->d_name, "..") != 0) {
      found.push_back(path + '/' + item->d_name);
    }
  }
  closedir(directory);
  return found;
}

bool list_folder(const std::string& path, std::vector<pid_t>& out) {
  std::string text;
  if (!read_path(path + "/cgroup.procs", text)) return false;
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const long pid = std::strtol(at, &end, 10);
    if (end == at) break;
    if (pid > 0) out.push_back(static_cast<pid_t>(pid));
    at = *end == '\n' ? end + 1 : end;
  }
  for (const std::string& folder : folders_below(path)) list_folder(folder, out);
  return true;
}

void remove_folder(const std::string& path) {
  for (const std::string& folder : folders_below(path)) remove_folder(folder);
  rmdir(path.c_str());
}

}  // namespace

int Cgroup::create(const std::string& parent, const std::string& name,
                   std::shared_ptr<Cgroup>& out) {
  std::shared_ptr<Cgroup> made(new Cgroup(parent + '/' + name));
  if (mkdir(made->path_.c_str(), 0755) < 0) {
    made->removed_ = true;
    return -errno;
  }
  made->directory_ = above_stdio(open(made->path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!made->directory_.valid()) return -errno;
  const int directory = made->directory_.get();
  made->events_ = above_stdio(openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC));
  made->procs_ = above_stdio(openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!made->events_.valid() || !made->procs_.valid()) return -errno;
  out = std::move(made);
  return 0;
}

int Cgroup::limit(const std::string& parent,
                  const std::vector<std::pair<std::string, std::string>>& settings) const {
  for (const auto& [file, value] : settings) {
    int error = write_file(directory_.get(), file.c_str(), value.c_str());
    // The controller may only have to be switched on for the parent's children. (What is missing in
    // a cgroup may not be created there: EACCES on some kernels.)
    if (error == -ENOENT || error == -EACCES) {
      const std::string controller = '+' + file.substr(0, file.find('.'));
      UniqueFd above(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      error = write_file(above.get(), "cgroup.subtree_control", controller.c_str());
      if (error == 0) error = write_file(directory_.get(), file.c_str(), value.c_str());
    }
    if (error < 0) return error;
  }
  return 0;
}

Cgroup::~Cgroup() { remove(); }

bool Cgroup::empty() const {
  std::string text;
  return read_whole(events_.get(), text) && value_of(text, "populated") == 0;
}

bool Cgroup::list(std::vector<pid_t>& out) const { return list_folder(path_, out); }

int Cgroup::kill_all() const { return write_file(directory_.get(), "cgroup.kill", "1"); }

int Cgroup::freeze(const char* on) const {
  return write_file(directory_.get(), "cgroup.freeze", on);
}

int Cgroup::oom_kills() const {
  std::string text;
  if (!read_path(path_ + "/memory.events", text)) return 0;
  const long kills = value_of(text, "oom_kill");
  return kills < 0 ? 0 : static_cast<int>(kills);
}

void Cgroup::remove() {
  if (removed_) return;
  removed_ = true;
  remove_folder(path_);
}

}  // namespace reapwell
