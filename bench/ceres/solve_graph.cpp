// Solves a graph of rigid tiles with Ceres, one thread: `solve_graph GRAPH POSES ROBUST_PX [SOLVER]`.
//
// GRAPH and POSES are little-endian doubles. GRAPH: tiles, links, then per tile ux, uy, theta (place of its centre, its
// turn; where to start), then per link from, to, W, mean p (2), mean q (2), aa (3), bb (3), ab (4): weight, means about
// the tiles' centres and central moments of its matches p (from), q (to). POSES: ux, uy, theta per tile.
//
// A link costs Sum w |u_a + R_a p - u_b - R_b q|^2 = Sum over axes |v L|^2 with v = (u_a - u_b, row of R_a, -row of R_b)
// and L L^T the moment matrix Sum w z z^T of z = (1, p, q): its square root gives the residuals. Directions without
// weight are left out (matches without noise have rank 3). ROBUST_PX > 0 puts a Huber loss on a link's rms residual.
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include <Eigen/Eigenvalues>
#include <ceres/ceres.h>

namespace {

constexpr int kMostColumns = 5;

struct LinkRoot {
  int from;
  int to;
  double weight;
  int columns;
  // Columns of L; rows are 1, px, py, qx, qy.
  double root[kMostColumns][5];
};

// Residuals of one link, both axes of each column of its root; derivatives by (ux, uy, theta) of its two tiles.
class LinkCost final : public ceres::CostFunction {
 public:
  explicit LinkCost(const LinkRoot& link) : link_(link) {
    set_num_residuals(2 * link.columns);
    mutable_parameter_block_sizes()->push_back(3);
    mutable_parameter_block_sizes()->push_back(3);
  }

  bool Evaluate(double const* const* poses, double* residuals, double** jacobians) const override {
    const double* a = poses[0];
    const double* b = poses[1];
    const double ca = std::cos(a[2]), sa = std::sin(a[2]);
    const double cb = std::cos(b[2]), sb = std::sin(b[2]);
    double* ja = jacobians == nullptr ? nullptr : jacobians[0];
    double* jb = jacobians == nullptr ? nullptr : jacobians[1];
    for (int c = 0; c < link_.columns; ++c) {
      const double* l = link_.root[c];
      const double pax = ca * l[1] - sa * l[2], pay = sa * l[1] + ca * l[2];
      const double qbx = cb * l[3] - sb * l[4], qby = sb * l[3] + cb * l[4];
      residuals[2 * c] = (a[0] - b[0]) * l[0] + pax - qbx;
      residuals[2 * c + 1] = (a[1] - b[1]) * l[0] + pay - qby;
      if (ja != nullptr) {
        const double rows[6] = {l[0], 0, -pay, 0, l[0], pax};
        std::memcpy(ja + 6 * c, rows, sizeof rows);
      }
      if (jb != nullptr) {
        const double rows[6] = {-l[0], 0, qby, 0, -l[0], -qbx};
        std::memcpy(jb + 6 * c, rows, sizeof rows);
      }
    }
    return true;
  }

 private:
  const LinkRoot& link_;
};

LinkRoot RootOf(const double* s) {
  LinkRoot link{static_cast<int>(s[0]), static_cast<int>(s[1]), s[2], 0, {}};
  const double w = s[2];
  const double* m = s + 3;   // means of p and q
  const double* c = s + 7;   // aa (xx, xy, yy), bb, ab (pxqx, pxqy, pyqx, pyqy)
  Eigen::Matrix<double, 5, 5> moments;
  moments.setZero();
  moments(0, 0) = w;
  for (int i = 0; i < 4; ++i) moments(0, 1 + i) = moments(1 + i, 0) = w * m[i];
  const double central[4][4] = {
      {c[0], c[1], c[6], c[7]}, {c[1], c[2], c[8], c[9]}, {c[6], c[8], c[3], c[4]}, {c[7], c[9], c[4], c[5]}};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) moments(1 + i, 1 + j) = central[i][j] + w * m[i] * m[j];
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix<double, 5, 5>> eigen(moments);
  const double least = 1e-13 * eigen.eigenvalues()(4);
  for (int e = 4; e >= 0; --e) {
    const double value = eigen.eigenvalues()(e);
    if (!(value > least)) continue;
    for (int i = 0; i < 5; ++i) link.root[link.columns][i] = std::sqrt(value) * eigen.eigenvectors()(i, e);
    ++link.columns;
  }
  return link;
}

std::vector<double> ReadAll(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<double> values(static_cast<size_t>(file.tellg()) / sizeof(double));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(double)));
  return values;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  google::InitGoogleLogging(argv[0]);
  int tiles = 0;
  std::vector<double> poses;
  std::vector<LinkRoot> links;
  {
    const std::vector<double> values = ReadAll(argv[1]);
    tiles = static_cast<int>(values[0]);
    poses.assign(values.begin() + 2, values.begin() + 2 + 3 * tiles);
    for (size_t at = 2 + 3 * static_cast<size_t>(tiles); at < values.size(); at += 17) links.push_back(RootOf(&values[at]));
  }
  const double robust = std::atof(argv[3]);
  const char* solver = argc > 4 ? argv[4] : "suitesparse";

  const double before = CpuSeconds();
  ceres::Problem::Options ownership;
  ownership.enable_fast_removal = false;
  ceres::Problem problem(ownership);
  for (int i = 0; i < tiles; ++i) problem.AddParameterBlock(&poses[3 * i], 3);
  for (const LinkRoot& link : links) {
    ceres::LossFunction* loss = robust > 0 ? new ceres::HuberLoss(robust * std::sqrt(link.weight)) : nullptr;
    problem.AddResidualBlock(new LinkCost(link), loss, &poses[3 * link.from], &poses[3 * link.to]);
  }
  problem.SetParameterBlockConstant(&poses[0]);
  ceres::Solver::Options options;
  options.linear_solver_type = ceres::SPARSE_NORMAL_CHOLESKY;
  options.sparse_linear_algebra_library_type = std::strcmp(solver, "cxsparse") == 0 ? ceres::CX_SPARSE
                                               : std::strcmp(solver, "eigen") == 0  ? ceres::EIGEN_SPARSE
                                                                                    : ceres::SUITE_SPARSE;
  options.num_threads = 1;
  options.max_num_iterations = 1000;
  // Without loss the problem is almost linear, and a wide trust region spares it steps.
  if (!(robust > 0)) options.initial_trust_region_radius = 1e12;
  options.function_tolerance = 1e-8;
  options.parameter_tolerance = 1e-12;
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  const double seconds = CpuSeconds() - before;

  std::ofstream out(argv[2], std::ios::binary);
  out.write(reinterpret_cast<const char*>(poses.data()), static_cast<std::streamsize>(poses.size() * sizeof(double)));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  int columns = 0;
  for (const LinkRoot& link : links) columns += link.columns;
  std::printf(
      "{\"version\":\"%s\",\"converged\":%s,\"iterations\":%d,\"cost\":%.17g,\"cpuS\":%.6f,\"solveS\":%.6f,"
      "\"linearSolverS\":%.6f,\"residuals\":%d,\"peakBytes\":%.0f}\n",
      CERES_VERSION_STRING, summary.termination_type == ceres::CONVERGENCE ? "true" : "false",
      static_cast<int>(summary.iterations.size()) - 1, 2 * summary.final_cost, seconds, summary.total_time_in_seconds,
      summary.linear_solver_time_in_seconds, 2 * columns, 1024.0 * static_cast<double>(usage.ru_maxrss));
  return 0;
}
